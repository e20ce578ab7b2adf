// The rules of protocol/sortition/README.md, written from that text. Plain lists instead of trees: slow, and easy to check.
import { createHash } from 'node:crypto'

export const u64 = (v) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(v)); return b }
export const bytes = (v) => Buffer.concat([u64(v.length), v])
export const str = (v) => bytes(Buffer.from(v, 'utf8'))
export const hash = (domain, ...parts) => createHash('sha256').update(Buffer.concat([str(domain), ...parts])).digest()

export class Stream {
  constructor(seed) { this.seed = seed; this.counter = 0n; this.words = [] }
  word() {
    if (this.words.length === 0) {
      const block = hash('TOP/sortition/stream/1', this.seed, u64(this.counter++))
      this.words = [0, 8, 16, 24].map((at) => block.readBigUInt64BE(at))
    }
    return this.words.shift()
  }
  below(n) {
    if (n === 0n) return this.word()
    const limit = 2n ** 64n - (2n ** 64n % n)
    for (;;) { const word = this.word(); if (word < limit) return word % n }
  }
}

const drawStream = (purpose, committee, epoch, seed) => new Stream(hash('TOP/sortition/draw/1', str(purpose), str(committee), u64(epoch), seed))
const byName = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Draws up to k names: candidates lie on a line in the order of their names, each as long as its weight. */
const draw = (stream, candidates, k) => {
  const line = candidates.map((c) => ({ operator: c.operator, weight: BigInt(c.weight) })).sort((a, b) => byName(a.operator, b.operator))
  const drawn = []
  while (drawn.length < k) {
    const total = line.reduce((sum, c) => sum + c.weight, 0n)
    if (total === 0n) break
    let point = stream.below(total), i = 0
    for (; point >= line[i].weight; i++) point -= line[i].weight
    drawn.push(...line.splice(i, 1).map((c) => c.operator))
  }
  return drawn
}

const lot = (stream, names, k) => k >= names.length ? names : draw(stream, names.map((operator) => ({ operator, weight: 1 })), Math.max(0, k))

export const sealers = (v) => draw(drawStream('sealers', v.chain_id, v.epoch, Buffer.from(v.seed, 'hex')), v.candidates, v.count)

export const elect = (e) => {
  const seed = Buffer.from(e.seed, 'hex'), sitting = [...(e.sitting ?? [])].sort(byName)
  const eligible = e.candidates.filter((c) => BigInt(c.weight) > 0n && !(e.exclude ?? []).includes(c.operator))
  const isEligible = (name) => eligible.some((c) => c.operator === name)
  const active = sitting.filter(isEligible), retired = sitting.filter((name) => !isEligible(name))
  let stay = sitting, seats = 0, held = [], kept = false
  if (eligible.length < e.size) {
    if (sitting.length === 0) throw new Error('too few candidates')
    kept = true
    held = retired
  } else if (sitting.length === 0) {
    seats = e.size
  } else {
    const limit = Math.max(1, Math.floor(sitting.length / 6))
    const stream = drawStream('leave', e.committee, e.epoch, seed)
    const gone = Math.min(retired.length, limit)
    held = lot(stream, retired, retired.length - gone).sort(byName)
    const voluntary = Math.max(0, limit - gone - Math.max(0, e.size - sitting.length))
    stay = [...lot(stream, active, active.length - voluntary), ...held]
    seats = Math.max(0, Math.min(limit, e.size - stay.length))
  }
  const drawn = draw(drawStream('join', e.committee, e.epoch, seed), eligible.filter((c) => !stay.includes(c.operator)), seats + e.standbys)
  return { members: [...stay, ...drawn.slice(0, seats)].sort(byName), standbys: drawn.slice(seats), held, kept }
}
