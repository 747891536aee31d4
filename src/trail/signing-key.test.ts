import { fork } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { namedPipe, temporaryDirectory } from '../../test/support/temporary.ts'
import { loadSigningKey } from './signing-key.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }))

function keyFile(): string {
  return join(temporaryDirectory(), 'trail.key')
}

function keyFileWith(text: string, mode = 0o600): string {
  const file = keyFile()
  writeFileSync(file, text, { mode })
  chmodSync(file, mode)
  return file
}

function faultOf(load: () => unknown): Error & { readonly code: string } {
  try {
    load()
  } catch (thrown) {
    return thrown as Error & { readonly code: string }
  }
  throw new Error('nothing was thrown')
}

describe('the signing key', () => {
  it.each([
    ['a text', pem],
    ['an object', privateKey],
  ])('that is given as %s wins over the file, which is not looked at', (_, key) => {
    const file = keyFileWith('no key')
    expect(loadSigningKey({ key, file }).equals(privateKey)).toBe(true)
    const missing = keyFile()
    loadSigningKey({ key, file: missing })
    expect(existsSync(missing)).toBe(false)
  })

  it.each([0o600, 0o400])('is read from its file of mode %o', (mode) => {
    expect(loadSigningKey({ file: keyFileWith(pem, mode) }).equals(privateKey)).toBe(true)
  })

  it('is made where its file is missing, for its owner alone, and is the same the next time', () => {
    const file = keyFile()
    const made = loadSigningKey({ file })
    expect(made.asymmetricKeyType).toBe('ed25519')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    expect(readdirSync(join(file, '..'))).toEqual(['trail.key'])
    expect(loadSigningKey({ file }).equals(made)).toBe(true)
    expect(loadSigningKey({ file: keyFile() }).equals(made)).toBe(false)
  })

  it('is the same for several processes that make it at once', async () => {
    const file = keyFile()
    const script = join(temporaryDirectory(), 'load.mjs')
    const module = new URL('signing-key.ts', import.meta.url).href
    writeFileSync(
      script,
      `import { createPublicKey } from 'node:crypto'
       import { loadSigningKey } from ${JSON.stringify(module)}
       process.once('message', (file) => {
         process.send(createPublicKey(loadSigningKey({ file })).export({ format: 'jwk' }).x)
         process.disconnect()
       })
       process.send('ready')`,
    )
    const children = Array.from({ length: 4 }, () => fork(script, { execArgv: ['--import', 'tsx'] }))
    await Promise.all(children.map((child) => once(child, 'message')))
    const answers = children.map((child) => once(child, 'message'))
    for (const child of children) child.send(file)
    const keys = (await Promise.all(answers)).map(([key]) => key)
    expect(new Set(keys)).toEqual(new Set([createPublicKey(readFileSync(file, 'utf8')).export({ format: 'jwk' }).x]))
    expect(readdirSync(join(file, '..'))).toEqual(['trail.key'])
  })

  it.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o777])('is refused from a file of mode %o', (mode) => {
    const fault = faultOf(() => loadSigningKey({ file: keyFileWith(pem, mode) }))
    expect(fault.code).toBe('TRAIL_KEY_EXPOSED')
    expect(fault.message).toContain(`0${mode.toString(8)}`)
  })

  const publicPem = String(publicKey.export({ format: 'pem', type: 'spki' }))
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const unusable: readonly (readonly [string, string | KeyObject])[] = [
    ['an empty text', ''],
    ['a text that is no key', 'hunter2'],
    ['half a key', pem.slice(0, 70)],
    ['a changed key', pem.replace('MC4CAQAw', 'MC4CAQAx')],
    ['a public key', publicPem],
    ['a key of another kind', String(rsa.export({ format: 'pem', type: 'pkcs8' }))],
    [
      'a key with a passphrase',
      String(privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-128-cbc', passphrase: 'x' })),
    ],
    ['a public key object', publicKey],
    ['an object of another kind', rsa],
    ['what is no key at all', { type: 'private', asymmetricKeyType: 'ed25519' } as unknown as KeyObject],
  ]

  it.each(unusable)('cannot be %s', (_, key) => {
    const faults = [faultOf(() => loadSigningKey({ key, file: keyFile() }))]
    if (typeof key === 'string') faults.push(faultOf(() => loadSigningKey({ file: keyFileWith(key) })))
    for (const fault of faults) {
      expect(fault.code).toBe('TRAIL_KEY_INVALID')
      expect(fault.cause).toBeUndefined()
      const told = `${fault.message}\n${fault.stack}`
      if (typeof key !== 'string') continue
      for (const secret of key.split('\n').filter((part) => part.length > 4)) expect(told).not.toContain(secret)
    }
  })

  it('is not waited for when its file is a pipe', () => {
    const pipe = namedPipe()
    chmodSync(pipe, 0o600)
    expect(faultOf(() => loadSigningKey({ file: pipe })).code).toBe('TRAIL_KEY_INVALID')
  })

  it('is not a directory', () => {
    const directory = keyFile()
    mkdirSync(directory, { mode: 0o700 })
    expect(faultOf(() => loadSigningKey({ file: directory })).code).toBe('TRAIL_KEY_INVALID')
  })

  it('cannot be made where there is no directory', () => {
    const fault = faultOf(() => loadSigningKey({ file: join(keyFile(), 'trail.key') }))
    expect(fault.code).toBe('TRAIL_KEY_NOT_OPENED')
    expect(fault.message).toContain('ENOENT')
  })
})
