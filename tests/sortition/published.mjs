// What a main chain publishes about an election, read from its REST server and made again: every proof, the seed, the committee.
import { deepStrictEqual as same } from 'node:assert'
import { verify } from './ecvrf.mjs'
import { bytes, elect, hash, sealers, str, u64 } from './sortition.mjs'

const raw = (text) => Buffer.from(text, 'base64')

/** A busy server closes connections that this side is about to use again; what it has not answered is asked anew. */
const reach = async (url, options, tries = 5) => {
  try {
    return await fetch(url, options)
  } catch (failed) {
    if (tries === 1) throw failed
    await new Promise((go) => setTimeout(go, 200))
    return reach(url, options, tries - 1)
  }
}

/** Asks a server; height is that of the state, the latest if none. A path that is not known answers null with optional. */
export const asking = (url) => async (path, { height, optional } = {}) => {
  const answer = await reach(`${url}/${path}`, { headers: height ? { 'x-cosmos-block-height': String(height) } : {} })
  if (optional && answer.status === 404) return null
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

/** All pages of a list. */
export const list = async (get, path, field, options) => {
  const items = []
  for (let key = ''; ;) {
    const page = await get(`${path}?pagination.limit=500&pagination.key=${encodeURIComponent(key)}`, options)
    items.push(...page[field])
    if (!(key = page.pagination.next_key)) return items
  }
}

/** Makes the election for an epoch again; null where none was held. */
export const recompute = async (get, epoch) => {
  const held = await get(`top/sortition/v1/elections/${epoch}`, { optional: true })
  if (!held) return null
  const { election } = held
  const { chain_id: chainID, record } = await get(`top/sortition/v1/records/${election.seed_epoch}`)
  const proofs = await list(get, `top/sortition/v1/records/${election.seed_epoch}/proofs`, 'proofs')
  const entries = await list(get, `top/stake/v1/snapshots/${record.snapshot_epoch}`, 'entries')
  const node = Object.fromEntries(entries.map((e) => [e.operator, {
    key: raw(e.vrf_key), operator: e.operator, weight: e.weights.find((w) => w.role === 'ROLE_VALIDATOR')?.weight ?? '0',
  }]))

  const alpha = hash('TOP/sortition/alpha/1', str(chainID), u64(record.epoch), raw(record.seed))
  const outputs = proofs.map((p) => verify(node[p.operator].key, alpha, raw(p.proof))).sort(Buffer.compare)
  const digest = hash('TOP/sortition/digest/1', alpha, u64(outputs.length), ...outputs.map(bytes))
  same(digest, raw(record.digest), 'digest')

  const drawn = sealers({ chain_id: chainID, epoch: record.epoch, seed: raw(record.seed).toString('hex'), candidates: Object.values(node), count: record.sealers.length })
  same(record.sealers.map((s) => s.operator), drawn, 'sealers')
  let chain = digest
  record.sealers.forEach((s, i) => {
    const input = hash('TOP/sortition/seal/1', str(chainID), u64(record.epoch), digest, u64(i + 1), chain)
    chain = hash('TOP/sortition/chain/1', chain, bytes(s.absent ? Buffer.from('absent') : verify(node[s.operator].key, input, raw(s.proof))))
  })
  same(chain, raw(record.next_seed), 'seed')

  // What the chain says of the epochs before must be what it said then; the oldest that it still has begins the line.
  const recordBefore = record.epoch > 0 ? await get(`top/sortition/v1/records/${record.epoch - 1}`, { optional: true }) : null
  if (recordBefore) same(raw(record.seed), raw(recordBefore.record.next_seed), 'seed of the epoch before')
  const electionBefore = await get(`top/sortition/v1/elections/${election.epoch - 1}`, { optional: true })
  if (electionBefore?.election.members.length > 0) same(election.sitting, electionBefore.election.members, 'sitting members')

  // The sizes follow from the parameters of the block that decided the seed, and from how many proved.
  const { params } = await get('top/sortition/v1/params', { height: Math.max(Number(record.close_height), ...record.sealers.map((s) => Number(s.height))) })
  const size = Math.min(Math.max(proofs.length, params.min_members), params.max_members)
  same([election.size, election.standby_seats, Number(election.candidates)], [size, params.standbys, proofs.length], 'sizes')

  // Nobody was to seal: the seed was known to who proved last and decides nothing.
  const { members, standbys, kept } = record.sealers.length === 0 ? { members: election.sitting, standbys: [], kept: true } : elect({
    committee: election.committee, epoch: election.epoch, seed: chain.toString('hex'), size, standbys: params.standbys,
    candidates: proofs.map((p) => node[p.operator]), sitting: election.sitting,
  })
  same(election.members, members, 'members')
  same(election.standbys, standbys, 'standbys')
  same(election.kept, kept, 'kept')
  return { candidates: proofs.length, absent: record.sealers.filter((s) => s.absent).length, members, standbys, kept }
}
