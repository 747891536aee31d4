import { createPrivateKey, generateKeyPairSync, KeyObject, randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { AuditError } from '../lib/errors.ts'
import { isSystemError } from '../lib/system-error.ts'
import { trailError } from './trail-failure.ts'

/** Where the signing key of a trail comes from. */
export interface SigningKeySource {
  /** An Ed25519 private key, as PKCS#8 PEM without a passphrase or as an object of `node:crypto`. */
  readonly key?: string | KeyObject
  /** The path of a file with such a PEM. It is read, or made with a new key, where no `key` is given. */
  readonly file: string
}

const { O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants
const accessOfOthers = 0o077

/**
 * The Ed25519 private key that signs a trail. A file that is missing is made, mode 0600 and safe on disk, with a new key; of several processes
 * that do so at once, all get the same. Throws `TRAIL_KEY_INVALID`, `TRAIL_KEY_EXPOSED` or `TRAIL_KEY_NOT_OPENED`, none of which quotes a key.
 */
export function loadSigningKey({ key, file }: SigningKeySource): KeyObject {
  if (key !== undefined) return typeof key === 'string' ? parseKey(key, 'The key') : checkKey(key, 'The key')
  try {
    if (!fs.existsSync(file)) makeKey(file)
    return readKey(file)
  } catch (thrown) {
    throw trailError('TRAIL_KEY_NOT_OPENED', { path: file }, thrown)
  }
}

function readKey(file: string): KeyObject {
  // O_NONBLOCK, as opening a pipe would wait for whoever writes to it.
  return withFile(file, O_RDONLY | O_NONBLOCK, (descriptor) => {
    const stats = fs.fstatSync(descriptor)
    if (!stats.isFile()) throw invalid(file, 'it is no file')
    if ((stats.mode & accessOfOthers) !== 0) {
      throw new AuditError('TRAIL_KEY_EXPOSED', { path: file, mode: `0${(stats.mode & 0o777).toString(8)}` })
    }
    return parseKey(fs.readFileSync(descriptor, 'utf8'), file)
  })
}

/** The file appears whole or not at all, and never in place of one that another process has made meanwhile. */
function makeKey(file: string): void {
  const { privateKey } = generateKeyPairSync('ed25519')
  const temporary = `${file}.${randomUUID()}`
  try {
    withFile(temporary, O_WRONLY | O_CREAT | O_EXCL, (descriptor) => {
      fs.writeFileSync(descriptor, privateKey.export({ format: 'pem', type: 'pkcs8' }))
      fs.fsyncSync(descriptor)
    })
    linkUnlessThere(temporary, file)
  } finally {
    fs.rmSync(temporary, { force: true })
  }
  withFile(dirname(file), O_RDONLY, fs.fsyncSync)
}

function linkUnlessThere(from: string, to: string): void {
  try {
    fs.linkSync(from, to)
  } catch (thrown) {
    if (!isSystemError(thrown, 'EEXIST')) throw thrown
  }
}

function withFile<Result>(path: string, flags: number, use: (descriptor: number) => Result): Result {
  const descriptor = fs.openSync(path, flags, 0o600)
  try {
    return use(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

// What the library below says of a bad key stays behind: it is not ours to promise that it quotes nothing.
function parseKey(pem: string, source: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    throw invalid(source, 'it is no private key in PEM, or has a passphrase')
  }
  return checkKey(key, source)
}

function checkKey(key: KeyObject, source: string): KeyObject {
  const sound = key instanceof KeyObject && key.type === 'private' && key.asymmetricKeyType === 'ed25519'
  if (!sound) throw invalid(source, 'it is no Ed25519 private key')
  return key
}

function invalid(source: string, reason: string): AuditError {
  return new AuditError('TRAIL_KEY_INVALID', { source, reason })
}
