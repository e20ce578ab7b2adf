// node recompute.mjs vectors.json: checks every proof, makes the seed again, holds the elections again. Nothing but Node is needed.
import { deepStrictEqual as same } from 'node:assert'
import { readFileSync } from 'node:fs'
import { verify } from './ecvrf.mjs'
import { Stream, bytes, elect, hash, sealers, str, u64 } from './sortition.mjs'

const vectors = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const hex = (text) => Buffer.from(text, 'hex')

for (const p of vectors.possession) {
  const alpha = hash('TOP/sortition/possession/1', str(p.chain_id), str(p.operator), bytes(hex(p.key)))
  same(alpha.toString('hex'), p.alpha)
  verify(hex(p.key), alpha, hex(p.proof))
}

const r = vectors.record
const alpha = hash('TOP/sortition/alpha/1', str(r.chain_id), u64(r.epoch), hex(r.seed))
same(alpha.toString('hex'), r.alpha)
const outputs = r.proofs.map((p) => {
  const output = verify(hex(p.key), alpha, hex(p.proof))
  same(output.toString('hex'), p.output)
  return output
})
const digest = hash('TOP/sortition/digest/1', alpha, u64(outputs.length), ...outputs.sort(Buffer.compare).map(bytes))
same(digest.toString('hex'), r.digest)
let chain = digest
r.seals.forEach((s, i) => {
  const input = hash('TOP/sortition/seal/1', str(r.chain_id), u64(r.epoch), digest, u64(i + 1), chain)
  const heard = s.proof ? verify(hex(s.key), input, hex(s.proof)) : Buffer.from('absent')
  chain = hash('TOP/sortition/chain/1', chain, bytes(heard))
  same(chain.toString('hex'), s.chain)
})
same(chain.toString('hex'), r.next_seed)

for (const s of vectors.streams) {
  const stream = new Stream(hex(s.seed))
  same(s.below.map((n) => stream.below(BigInt(n)).toString()), s.drawn)
}
same(sealers(vectors.sealers), vectors.sealers.sealers)
for (const e of vectors.elections) {
  same(elect(e), { members: e.members, standbys: e.standbys_drawn, held: e.held, kept: e.kept }, e.case)
}
console.log(`${vectors.possession.length} possessions, ${outputs.length} proofs, ${r.seals.length} seals, ${vectors.streams.length} streams, ${vectors.elections.length} elections: all the same`)
