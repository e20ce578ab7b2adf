// Verification of ECVRF-EDWARDS25519-SHA512-ELL2 (RFC 9381) in integers, written from RFC 9381 and RFC 9380: nothing of it comes from the Go implementation.
import { createHash } from 'node:crypto'

const P = 2n ** 255n - 19n
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n
const SUITE = 0x04

const mod = (a) => ((a % P) + P) % P
const power = (base, exponent) => {
  let result = 1n
  for (base = mod(base); exponent > 0n; exponent >>= 1n, base = mod(base * base)) if (exponent & 1n) result = mod(result * base)
  return result
}
const inverse = (a) => power(a, P - 2n)
const D = mod(-121665n * inverse(121666n))
const ROOT_OF_MINUS_1 = power(2n, (P - 1n) / 4n)
/** The square root whose lowest bit is the sign, null of a number that is no square. */
const root = (square, sign) => {
  let x = power(square, (P + 3n) / 8n)
  if (mod(x * x) !== square) x = mod(x * ROOT_OF_MINUS_1)
  if (mod(x * x) !== square) return null
  return (x & 1n) === sign ? x : mod(-x)
}

// Points are [X, Y, Z, T] in extended coordinates (RFC 8032, section 5.1.4).
const point = (x, y) => [x, y, 1n, mod(x * y)]
const IDENTITY = point(0n, 1n)
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
  const x = root(mod((y * y - 1n) * inverse(D * y * y + 1n)), sign)
  return x === null || (x === 0n && sign) ? null : point(x, y)
}
const BASE = decode(Buffer.from('58' + '66'.repeat(31), 'hex'))

const sha512 = (...parts) => createHash('sha512').update(Buffer.concat(parts.map((p) => Buffer.from(p)))).digest()

// Encoding to the curve: edwards25519_XMD:SHA-512_ELL2_NU_ of RFC 9380 (sections 5.3.1, 6.7.1, appendix D.1), with the key as salt.
const DST = Buffer.concat([Buffer.from('ECVRF_edwards25519_XMD:SHA-512_ELL2_NU_'), Buffer.from([SUITE])])
const J = 486662n
const C1 = root(mod(-486664n), 0n)

const hashToField = (message) => {
  const dst = [...DST, DST.length], length = 48
  const first = sha512(Buffer.alloc(128), message, [0, length, 0], dst)
  return mod(BigInt('0x' + sha512(first, [1], dst).subarray(0, length).toString('hex')))
}
const elligator2 = (u) => {
  let s = mod(-J * inverse(1n + 2n * u * u))
  if (s === 0n) s = mod(-J)
  const curve = (x) => mod(x * x * x + J * x * x + x)
  let t = root(curve(s), 1n)
  if (t === null) {
    s = mod(-s - J)
    t = root(curve(s), 0n)
  }
  return mod((s + 1n) * t) === 0n ? IDENTITY : point(mod(C1 * s * inverse(t)), mod((s - 1n) * inverse(s + 1n)))
}
const encodeToCurve = (key, alpha) => multiply(8n, elligator2(hashToField(Buffer.concat([key, alpha]))))

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
