// What a wallet's back end does, with CosmJS and nothing of ours: it listens over WebSocket for blocks and for transfers to an address, sends one over the same socket, and hears of it.
// Settings come from the environment; the result is one JSON line on stdout, a failed expectation ends with exit code 1.
import assert from "node:assert/strict";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { assertIsDeliverTxSuccess, SigningStargateClient } from "@cosmjs/stargate";
import { Comet38Client } from "@cosmjs/tendermint-rpc";

const setting = (name) => {
  assert.ok(process.env[name], `set ${name}`);
  return process.env[name];
};
const recipient = setting("TOP_RECIPIENT");
const amount = setting("TOP_AMOUNT");

const wallet = await DirectSecp256k1HdWallet.fromMnemonic(setting("TOP_MNEMONIC"), { prefix: "top" });
const [{ address: sender }] = await wallet.getAccounts();
const comet = await Comet38Client.connect(setting("TOP_RPC").replace(/^http/, "ws"));
const client = await SigningStargateClient.createWithSigner(comet, wallet);

// A promise of the first event of a stream, which is listened to no longer then.
const first = (stream) =>
  new Promise((resolve, reject) => {
    const listener = {
      next: (event) => {
        stream.removeListener(listener);
        resolve(event);
      },
      error: reject,
      complete: () => reject(new Error("the subscription ended")),
    };
    stream.addListener(listener);
  });
const block = first(comet.subscribeNewBlock());
const transfer = first(comet.subscribeTx(`transfer.recipient='${recipient}'`));
const { header } = await block;
assert.ok(header.height > 0, "blocks have heights");

const fee = { amount: [], gas: "200000" };
const sent = await client.sendTokens(sender, recipient, [{ denom: "utop", amount }], fee, "");
assertIsDeliverTxSuccess(sent);
const heard = await transfer;
assert.equal(Buffer.from(heard.hash).toString("hex").toUpperCase(), sent.transactionHash);
assert.equal(heard.height, sent.height);
assert.equal(heard.result.code, 0);

client.disconnect();
console.log(JSON.stringify({ hash: sent.transactionHash, height: sent.height, chain: header.chainId, sender, recipient }));
// CosmJS keeps its socket for a while after it was told to disconnect, from any CometBFT node.
process.exit(0);
