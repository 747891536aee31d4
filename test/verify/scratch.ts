import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Verdict, VerifyOptions } from '../../src/verify/verdict.ts'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { type Files, keyOf, origin, vkeyOf, writeFiles } from './trail-builder.ts'

const base = mkdtempSync(join(tmpdir(), 'griffier-verify-'))
afterAll(() => rmSync(base, { recursive: true, force: true }))

/** The key of trails that say no other. */
export const key: string = vkeyOf(origin, keyOf(7))

/** A directory with these files, gone after the tests of the file. */
export function directoryOf(files: Files = new Map()): string {
  const directory = mkdtempSync(join(base, 'trail-'))
  writeFiles(directory, files)
  return directory
}

/** Verifies files that nobody writes to. */
export async function verify(files: Files, options: VerifyOptions = {}): Promise<Verdict> {
  return await verifyTrail(directoryOf(files), { keys: [key], looks: 1, ...options })
}
