// Two wallets in different shards that send to each other, with CosmJS and nothing of ours, while a shard splits under them: they notice nothing but a pause. Settings come from the environment; it goes on until the file
// TOP_UNTIL is there and each has sent three times more. One JSON line on stdout; a failed expectation ends with exit code 1.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { assertIsDeliverTxSuccess, SigningStargateClient } from "@cosmjs/stargate";
import { Comet38Client } from "@cosmjs/tendermint-rpc";

const setting = (name) => {
  assert.ok(process.env[name], `set ${name}`);
  return process.env[name];
};
const amount = BigInt(setting("TOP_AMOUNT"));
const comet = await Comet38Client.connect(setting("TOP_RPC"));
const fee = { amount: [], gas: "200000" };

const open = async (name) => {
  const wallet = await DirectSecp256k1HdWallet.fromMnemonic(setting(name), { prefix: "top" });
  const [{ address }] = await wallet.getAccounts();
  const client = await SigningStargateClient.createWithSigner(comet, wallet);
  return { client, address, balance: BigInt((await client.getBalance(address, "utop")).amount), hashes: [] };
};
const sides = [await open("TOP_MNEMONIC_A"), await open("TOP_MNEMONIC_B")];

// A payment to another shard arrives a moment after it was made.
const arrives = async (side) => {
  for (let tries = 0; tries < 600; tries++) {
    if (BigInt((await side.client.getBalance(side.address, "utop")).amount) === side.balance) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${side.address} never had ${side.balance}utop`);
};

// When each payment was made, and when both saw it, in milliseconds.
const payments = [];
for (let left = 3; left > 0; ) {
  if (existsSync(setting("TOP_UNTIL"))) left--;
  for (const [from, to] of [sides, [...sides].reverse()]) {
    const began = Date.now();
    const sent = await from.client.sendTokens(from.address, to.address, [{ denom: "utop", amount: amount.toString() }], fee, "");
    assertIsDeliverTxSuccess(sent);
    from.balance -= amount;
    to.balance += amount;
    from.hashes.push(sent.transactionHash);
    await arrives(from);
    await arrives(to);
    payments.push([began, Date.now()]);
  }
}

// Each has its history, from before the split and after it, by search and by hash.
for (const [side, other] of [sides, [...sides].reverse()]) {
  const found = await side.client.searchTx([{ key: "message.sender", value: side.address }]);
  assert.deepEqual(found.map((tx) => tx.hash).sort(), [...side.hashes].sort(), "the sender's history");
  const paid = { key: "transfer.recipient", value: side.address };
  const received = await side.client.searchTx([paid]);
  assert.deepEqual(received.map((tx) => tx.hash).sort(), [...other.hashes].sort(), "what came from another shard");
  const both = await side.client.searchTx([{ key: "transfer.sender", value: other.address }, paid]);
  assert.deepEqual(both.map((tx) => tx.hash).sort(), [...other.hashes].sort(), "what one has sent the other");
  for (const hash of side.hashes) {
    assert.equal((await side.client.getTx(hash)).code, 0);
  }
}
sides.forEach((side) => side.client.disconnect());
console.log(JSON.stringify({ sent: sides.map((side) => side.hashes.length), payments, balances: sides.map((side) => side.balance.toString()) }));
