import { createPrivateKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatCheckpoint, isOrigin, parseCheckpoint, signCheckpoint } from './checkpoint.ts'
import { EMPTY_ROOT, hashLeaf, Tree } from './merkle.ts'
import { createSigner, verifyNote } from './signed-note.ts'

// The Ed25519 private key whose seed is the bytes 00, 01, … 1f.
const privateKey = createPrivateKey(`-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
`)
const origin = 'example.org/fietsen-api/audit'
const signer = createSigner(origin, privateKey)
const root = EMPTY_ROOT.toString('base64')

describe('a checkpoint', () => {
  it('is the published vector at the sizes 1 and 2, byte for byte', () => {
    const tree = new Tree()
    tree.append(Buffer.from('b4f94016e7bd3d16a0ea3cd23ff8880a078936a2a6f77eef7c1935b7dcb554fa', 'hex'))
    expect(signCheckpoint({ origin, size: tree.size, root: tree.root() }, signer)).toBe(`example.org/fietsen-api/audit
1
tPlAFue9PRag6jzSP/iICgeJNqKm937vfBk1t9y1VPo=

— example.org/fietsen-api/audit /dthCseFbp02ptLI9bXebCB5qaX0mF5l/H2e99HUOiJQXrd3TPNZvPWtAZsT6Q81X86cMrEHtPVkf/4HvceK1vJtzwU=
`)
    tree.append(hashLeaf(Buffer.from('{}')))
    expect(signCheckpoint({ origin, size: tree.size, root: tree.root() }, signer)).toBe(`example.org/fietsen-api/audit
2
wdUDBspjVheWQZrM4yni29KL5fD9unBJ7wiiStnu3Q0=

— example.org/fietsen-api/audit /dthCn50Rc5ccEPkSICkBUk0K6aYCS02Uhkv1FgMp5P9cBxTZWCKr7BjU2T5TO9fTOwyAWIbalUBFWFQJMUVLpglDQ4=
`)
  })

  it('is read back from its note', () => {
    const checkpoints = fc.record({
      origin: fc.string({ unit: 'grapheme', minLength: 1 }).filter(isOrigin),
      size: fc.maxSafeNat(),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    })
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        const { text } = verifyNote(Buffer.from(signCheckpoint(checkpoint, signer)), [signer.verifierKey])
        expect(parseCheckpoint(text)).toEqual({ ...checkpoint, extensions: [] })
      }),
    )
  })

  it('may have further lines', () => {
    expect(parseCheckpoint(`a\n0\n${root}\none more\n\u2014 and more\n`)).toEqual({
      origin: 'a',
      size: 0,
      root: EMPTY_ROOT,
      extensions: ['one more', '\u2014 and more'],
    })
  })

  it.each([
    ['nothing', ''],
    ['no newline at its end', `a\n1\n${root}`],
    ['two lines', 'a\n1\n'],
    ['an empty line at its end', `a\n1\n${root}\n\n`],
    ['an empty line among others', `a\n1\n${root}\n\nb\n`],
    ['no origin', `\n1\n${root}\n`],
    ['a space in its origin', `a b\n1\n${root}\n`],
    ['no size', `a\n\n${root}\n`],
    ['a sign', `a\n+1\n${root}\n`],
    ['a negative size', `a\n-1\n${root}\n`],
    ['a leading zero', `a\n01\n${root}\n`],
    ['two zeros', `a\n00\n${root}\n`],
    ['a fraction', `a\n1.0\n${root}\n`],
    ['an exponent', `a\n1e3\n${root}\n`],
    ['hexadecimal digits', `a\n0x1\n${root}\n`],
    ['other digits', `a\n١\n${root}\n`],
    ['a space behind its size', `a\n1 \n${root}\n`],
    ['a size of 2^53', `a\n9007199254740992\n${root}\n`],
    ['a size of 17 digits', `a\n10000000000000000\n${root}\n`],
    ['no root', 'a\n1\n\n'],
    ['a short root', `a\n1\n${Buffer.alloc(31).toString('base64')}\n`],
    ['a long root', `a\n1\n${Buffer.alloc(33).toString('base64')}\n`],
    ['a root without padding', `a\n1\n${root.slice(0, -1)}\n`],
    ['a root of other bits', `a\n1\n${root.replace('U=', 'V=')}\n`],
    ['a root in hexadecimal digits', `a\n1\n${EMPTY_ROOT.toString('hex')}\n`],
    ['a space behind its root', `a\n1\n${root} \n`],
  ])('with %s is none', (_, text) => {
    expect(parseCheckpoint(text)).toBeUndefined()
  })

  it.each([
    { origin: 'a b', size: 0, root: EMPTY_ROOT },
    { origin: 'a', size: -1, root: EMPTY_ROOT },
    { origin: 'a', size: 2 ** 53, root: EMPTY_ROOT },
    { origin: 'a', size: 0.5, root: EMPTY_ROOT },
    { origin: 'a', size: 0, root: EMPTY_ROOT.subarray(1) },
  ])('cannot be $origin, $size', (checkpoint) => {
    expect(() => formatCheckpoint(checkpoint)).toThrow(RangeError)
  })
})

describe('the name of a trail', () => {
  it.each(['a', 'example.org/bicycles/audit', '自転車', '🚲'.repeat(255)])('may be "%s"', (name) => {
    expect(isOrigin(name)).toBe(true)
  })

  it.each(['', 'a b', 'a+b', 'a\n', 'a\u007f', 'a\u0085', 'a\u00a0', 'a\ud800', 'a'.repeat(256)])(
    'cannot be %j',
    (name) => {
      expect(isOrigin(name)).toBe(false)
    },
  )
})
