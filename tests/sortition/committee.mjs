// node committee.mjs REST RPC FROM [TO]: makes the committees of epochs again, elections, replacements and all, and holds them against the validators that CometBFT's RPC names
// and against the terms that the chain publishes. Prints a list as JSON.
import { deepStrictEqual as same } from 'node:assert'
import { createHash } from 'node:crypto'
import { asking, list, recompute } from './published.mjs'

const [rest, rpc, from, to = from] = process.argv.slice(2)
const get = asking(rest), ask = asking(rpc)

const votersAt = async (height) => {
  const { result } = await ask(`validators?height=${height}&per_page=100`)
  same(result.validators.length, Number(result.total), 'one page holds them all')
  return result.validators
}

// One account has one address with several prefixes, which differ in prefix and checksum alone.
const account = (bech32) => bech32.slice(bech32.indexOf('1') + 1, -6)
const addressOf = (key) => createHash('sha256').update(Buffer.from(key, 'base64')).digest().subarray(0, 20)
const hex = (address) => address.toString('hex').toUpperCase()
const words = (address) => [...address].map((b) => b.toString(2).padStart(8, '0')).join('').match(/.{5}/g)
  .map((bits) => 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'[parseInt(bits, 2)]).join('')

/** Who could sit, by x/staking and x/slashing after the block that decides. */
const candidates = async (height) => {
  const validators = await list(get, 'cosmos/staking/v1beta1/validators', 'validators', { height })
  const signing = await list(get, 'cosmos/slashing/v1beta1/signing_infos', 'info', { height })
  const twice = signing.filter((s) => s.tombstoned).map((s) => account(s.address))
  return Object.fromEntries(validators.map((v) => {
    const address = addressOf(v.consensus_pubkey.key)
    return [account(v.operator_address), { address: hex(address), able: v.status === 'BOND_STATUS_BONDED' && !v.jailed && !twice.includes(words(address)) }]
  }))
}

const committee = async (epoch, blocks) => {
  // The first block of the epoch decides; who is told there votes two blocks later.
  const decides = epoch * blocks + 1, votes = decides + 2
  const voters = await votersAt(votes), names = voters.map((v) => v.address).sort()
  same([...new Set(voters.map((v) => v.voting_power))].length, 1, 'equal powers')
  const { term } = await get(`top/committees/v1/terms/${votes}`)
  same(term.members.map((m) => hex(addressOf(m.key))).sort(), names, 'term')
  const election = await recompute(get, epoch)
  const elected = Boolean(election && !election.kept)
  let replaced = 0
  if (elected) {
    const known = await candidates(decides)
    const able = (operator) => known[account(operator)]?.able ?? false
    const stay = election.members.filter(able)
    const fill = election.standbys.filter(able).slice(0, election.members.length - stay.length)
    replaced = fill.length
    if (stay.length + fill.length > 0) same(names, [...stay, ...fill].map((o) => known[account(o)].address).sort(), 'committee')
  }
  return { epoch, height: votes, elected, replaced, voters: names }
}

const { epoch_blocks: blocks } = await get('top/billing/v1/epoch')
const committees = []
for (let epoch = Number(from); epoch <= Number(to); epoch++) committees.push(await committee(epoch, Number(blocks)))
console.log(JSON.stringify(committees))
