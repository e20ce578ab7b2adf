// What a wallet does, with CosmJS and nothing of ours: connect, read balances, send tokens, find the transaction again by hash, by search and by its
// events, over RPC and over REST. Settings come from the environment; the result is one JSON line on stdout, a failed expectation ends with exit code 1.
import assert from "node:assert/strict";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { assertIsDeliverTxSuccess, SigningStargateClient } from "@cosmjs/stargate";
import { Comet38Client } from "@cosmjs/tendermint-rpc";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";

const setting = (name) => {
  assert.ok(process.env[name], `set ${name}`);
  return process.env[name];
};
const rpc = setting("TOP_RPC");
const rest = setting("TOP_REST");
const recipient = setting("TOP_RECIPIENT");
const amount = BigInt(setting("TOP_AMOUNT"));

const get = async (path) => {
  const answer = await fetch(rest + path);
  assert.equal(answer.status, 200, `GET ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
};

// A transaction is found by search only once its block is indexed, a moment after its block is committed.
const eventually = async (what, look) => {
  for (let tries = 0; tries < 100; tries++) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${what} did not appear`);
};

const wallet = await DirectSecp256k1HdWallet.fromMnemonic(setting("TOP_MNEMONIC"), { prefix: "top" });
const [{ address: sender }] = await wallet.getAccounts();
const comet = await Comet38Client.connect(rpc);
const client = await SigningStargateClient.createWithSigner(comet, wallet);
assert.equal(await client.getChainId(), setting("TOP_CHAIN_ID"));

const balanceOf = async (address) => BigInt((await client.getBalance(address, "utop")).amount);
const before = { sender: await balanceOf(sender), recipient: await balanceOf(recipient) };

const fee = { amount: [], gas: "200000" };
const coins = [{ denom: "utop", amount: amount.toString() }];
const message = { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: sender, toAddress: recipient, amount: coins } };
const raw = await client.sign(sender, [message], fee, "");
const bytes = TxRaw.encode(raw).finish();
const sent = await client.broadcastTx(bytes, 60_000, 200);
assertIsDeliverTxSuccess(sent);

const after = { sender: await balanceOf(sender), recipient: await balanceOf(recipient) };
assert.equal(after.sender, before.sender - amount, "the sender's balance falls by the amount: there is no fee");
assert.equal(after.recipient, before.recipient + amount, "the recipient's balance rises by the amount");

// The same bytes again pay nothing.
await assert.rejects(() => client.broadcastTxSync(bytes), "a transaction is accepted once");
assert.equal(await balanceOf(recipient), after.recipient);

// By hash, over RPC and REST.
const byHash = await client.getTx(sent.transactionHash);
assert.equal(byHash.height, sent.height);
assert.equal(byHash.code, 0);
const overRest = await get(`/cosmos/tx/v1beta1/txs/${sent.transactionHash}`);
assert.equal(overRest.tx_response.height, String(sent.height));
assert.equal(overRest.tx.body.messages[0].to_address, recipient);

// By search, over RPC and REST.
const bySearch = await eventually("the transaction in the RPC's search", async () =>
  (await client.searchTx([{ key: "transfer.recipient", value: recipient }])).find((tx) => tx.hash === sent.transactionHash),
);
assert.equal(bySearch.height, sent.height);
const query = encodeURIComponent(`transfer.recipient='${recipient}'`);
await eventually("the transaction in the gateway's search", async () =>
  (await get(`/cosmos/tx/v1beta1/txs?query=${query}`)).tx_responses.find((tx) => tx.txhash === sent.transactionHash),
);

// Its events, in the three places that a wallet's back end may read them.
const transfers = (events) =>
  events
    .filter((event) => event.type === "transfer")
    .map((event) => Object.fromEntries(event.attributes.map(({ key, value }) => [key, value])))
    .filter((transfer) => transfer.recipient === recipient);
const results = await comet.blockResults(sent.height);
const block = await client.getBlock(sent.height);
const index = block.txs.findIndex((tx) => Buffer.from(tx).equals(Buffer.from(bytes)));
assert.ok(index >= 0, "the block holds the transaction's bytes");
for (const [where, events] of Object.entries({
  tx: byHash.events,
  block_results: results.results[index].events,
  rest: overRest.tx_response.events,
})) {
  const found = transfers(events);
  assert.equal(found.length, 1, `one transfer event in ${where}`);
  assert.equal(found[0].sender, sender);
  assert.equal(found[0].amount, `${amount}utop`);
}

// The gateway's balance is the RPC's.
const restBalance = await get(`/cosmos/bank/v1beta1/balances/${recipient}/by_denom?denom=utop`);
assert.equal(BigInt(restBalance.balance.amount), after.recipient);

client.disconnect();
console.log(JSON.stringify({ hash: sent.transactionHash, height: sent.height, sender, recipient, amount: amount.toString() }));
