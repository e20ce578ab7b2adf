// Verification of ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381) in integers, written from the RFC: nothing of it comes from the Go implementation.
import { createHash } from 'node:crypto'

const P = 2n ** 255n - 19n
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n
const SUITE = 0x03

const mod = (a) => ((a % P) + P) % P
const power = (base, exponent) => {
  let result = 1n
  for (base = mod(base); exponent > 0n; exponent >>= 1n, base = mod(base * base)) if (exponent & 1n) result = mod(result * base)
  return result
}
const inverse = (a) => power(a, P - 2n)
const D = mod(-121665n * inverse(121666n))
const ROOT_OF_MINUS_1 = power(2n, (P - 1n) / 4n)

// Points are [X, Y, Z, T] in extended coordinates (RFC 8032, section 5.1.4).
const IDENTITY = [0n, 1n, 1n, 0n]
const add = ([x1, y1, z1, t1], [x2, y2, z2, t2]) => {
  const a = mod((y1 - x1) * (y2 - x2)), b = mod((y1 + x1) * (y2 + x2)), c = mod(2n * D * t1 * t2), d = mod(2n * z1 * z2)
  const e = b - a, f = d - c, g = d + c, h = b + a
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)]
}
const negate = ([x, y, z, t]) => [mod(-x), y, z, mod(-t)]
const multiply = (scalar, point) => {
  let result = IDENTITY
  for (; scalar > 0n; scalar >>= 1n, point = add(point, point)) if (scalar & 1n) result = add(result, point)
  return result
}
const isIdentity = ([x, y, z]) => x === 0n && y === z

const little = (bytes) => BigInt('0x' + Buffer.from(bytes).reverse().toString('hex'))
const encode = ([x, y, z]) => {
  const i = inverse(z), bytes = Buffer.from(mod(y * i).toString(16).padStart(64, '0'), 'hex').reverse()
  bytes[31] |= Number(mod(x * i) & 1n) << 7
  return bytes
}
// decode refuses y ≥ p and x = 0 with the sign set, as RFC 8032 does (section 5.1.3).
const decode = (bytes) => {
  const sign = BigInt(bytes[31] >> 7), y = little(bytes) & ((1n << 255n) - 1n)
  if (bytes.length !== 32 || y >= P) return null
  const square = mod((y * y - 1n) * inverse(D * y * y + 1n))
  let x = power(square, (P + 3n) / 8n)
  if (mod(x * x) !== square) x = mod(x * ROOT_OF_MINUS_1)
  if (mod(x * x) !== square || (x === 0n && sign)) return null
  if ((x & 1n) !== sign) x = mod(-x)
  return [x, y, 1n, mod(x * y)]
}
const BASE = decode(Buffer.from('58' + '66'.repeat(31), 'hex'))

const sha512 = (...parts) => createHash('sha512').update(Buffer.concat(parts.map((p) => Buffer.from(p)))).digest()

const encodeToCurve = (key, alpha) => {
  for (let counter = 0; counter < 256; counter++) {
    const point = decode(sha512([SUITE, 1], key, alpha, [counter, 0]).subarray(0, 32))
    if (!point) continue
    const cleared = multiply(8n, point)
    if (!isIdentity(cleared)) return cleared
  }
  throw new Error('no point for this input')
}

/** Returns beta, or throws when the proof is not of this key and input. */
export const verify = (key, alpha, proof) => {
  const y = decode(key), gamma = decode(proof.subarray(0, 32)), c = little(proof.subarray(32, 48)), s = little(proof.subarray(48))
  if (!y || isIdentity(multiply(8n, y))) throw new Error('bad VRF key')
  if (proof.length !== 80 || !gamma || s >= ORDER) throw new Error('malformed VRF proof')
  const h = encodeToCurve(key, alpha)
  const u = add(multiply(s, BASE), multiply(c, negate(y))), v = add(multiply(s, h), multiply(c, negate(gamma)))
  const challenge = sha512([SUITE, 2], key, encode(h), proof.subarray(0, 32), encode(u), encode(v), [0]).subarray(0, 16)
  if (!challenge.equals(proof.subarray(32, 48))) throw new Error('the VRF proof is not of this key and input')
  return sha512([SUITE, 3], encode(multiply(8n, gamma)), [0])
}
