import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Guarantee, Settings } from '../../../src/audit-log/settings.ts'
import type { AuditRecord } from '../../../src/record/record.ts'
import { openTrail } from '../../../src/trail/trail.ts'
import { type ControlledDisk, createControlledDisk } from '../../support/controlled-disk.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { aWhile, eventually } from '../../support/time.ts'
import { askWaiting } from './client.ts'
import { type Mount, type Quirks, type RawHandler, type Started, start } from './harness.ts'

const guarantees = ['written', 'durable', 'recorded-first'] as const

interface OnTrail extends Started {
  readonly disk: ControlledDisk
  /** What is in the trail's files at this moment. */
  inFiles(): readonly AuditRecord[]
}

/** Responses and handlers that wait for a trail on a real disk. */
export function keepsToTrail(mount: Mount, quirks: Quirks): void {
  const begin = async (guarantee: Guarantee, settings: Settings = {}, raw?: RawHandler): Promise<OnTrail> => {
    const directory = join(temporaryDirectory(), 'audit')
    const disk = createControlledDisk()
    const app = await start(mount, {
      settings: { guarantee, trail: { directory }, closeTimeoutMs: 60_000, onError: () => undefined, ...settings },
      trail: (parts) => openTrail({ ...parts, disk }),
      raw: raw ?? ((_req, res) => res.end('hello')),
    })
    await app.audit.ready
    return { ...app, disk, inFiles: () => recordsIn(directory) }
  }

  describe.each(guarantees)('on a trail, %s:', (guarantee) => {
    test('a complete response has its record in the file, and as durable as was said', async () => {
      const app = await begin(guarantee)
      const client = await askWaiting(app, quirks)
      const answer = await client.answered
      const { trail } = app.audit.health()
      const records = app.inFiles()
      expect(answer).toMatchObject({ status: 200, body: 'hello' })
      const index = records.findIndex(({ outcome }) => outcome === 'success')
      expect(index).toBeGreaterThan(0)
      if (guarantee !== 'written') expect(trail?.durableSize).toBeGreaterThan(index)
      expect(app.audit.health()).toMatchObject({ guarantee, lock: expect.stringMatching(/flock|file/) })
      client.leave()
      await app.audit.close()
      expect(app.inFiles().map(({ kind }) => kind)).toEqual(
        guarantee === 'recorded-first' ? ['start', 'intent', undefined, 'stop'] : ['start', undefined, 'stop'],
      )
      expect(app.inFiles().at(-1)).toMatchObject({ stop: { recorded: 1, lost: 0, refused: 0 } })
      // Handlers get what is in the file, in its order.
      expect(app.kept.map(({ id }) => id)).toEqual(app.inFiles().map(({ id }) => id))
    })

    test('a sync that takes its time holds the response back, where it has to be durable', async () => {
      const app = await begin(guarantee, {}, (_req, res) => res.end('hello'))
      app.disk.holdSyncs()
      const client = await askWaiting(app, quirks)
      let isAnswered = false
      void client.answered.then(() => {
        isAnswered = true
      })
      if (guarantee === 'written') {
        expect(await client.answered).toMatchObject({ status: 200 })
        expect(app.kept.some(({ outcome }) => outcome === 'success')).toBe(false)
      } else {
        const written = guarantee === 'durable' ? { outcome: 'success' } : { kind: 'intent' }
        await eventually(() => expect(app.inFiles().at(-1)).toMatchObject(written))
        await aWhile()
        expect(isAnswered).toBe(false)
        expect(app.audit.health().held).toBe(1)
      }
      app.disk.letSync()
      expect(await client.answered).toMatchObject({ status: 200, body: 'hello' })
      client.leave()
    })

    test.each(['open', 'closed'] as const)(
      'a disk that fails leads to what %s says, and to a gap that tells of it',
      async (onFailure) => {
        let handled = 0
        const app = await begin(guarantee, { onFailure }, (_req, res) => {
          handled += 1
          res.end('hello')
        })
        app.disk.fail()
        const client = await askWaiting(app, quirks)
        expect(await client.answered).toMatchObject({ status: onFailure === 'open' ? 200 : 503 })
        client.leave()
        expect(handled).toBe(onFailure === 'closed' && guarantee === 'recorded-first' ? 0 : 1)
        const { counters } = app.audit.health()
        if (onFailure === 'open')
          expect(counters).toMatchObject({ lost: guarantee === 'recorded-first' ? 2 : 1, refused: 0 })
        else expect(counters).toMatchObject({ lost: 0, refused: 1 })
        app.disk.recover()
        await eventually(() => {
          expect(app.inFiles().map(({ kind }) => kind)).toContain('gap')
          expect(app.audit.health().trail?.state).toBe('ok')
        })
        const { lost, refused } = counters
        expect(app.inFiles().find(({ kind }) => kind === 'gap')).toMatchObject({ gap: { lost, refused } })
        const next = await askWaiting(app, quirks)
        expect(await next.answered).toMatchObject({ status: 200 })
        next.leave()
      },
    )
  })

  describe('on a trail, recorded first:', () => {
    test('the handler finds its intent in the file', async () => {
      const found: unknown[] = []
      const app = await begin('recorded-first', {}, (_req, res) => {
        found.push(app.inFiles().at(-1)?.kind, app.audit.health().trail?.durableSize)
        res.end()
      })
      const client = await askWaiting(app, quirks)
      await client.answered
      client.leave()
      expect(found).toEqual(['intent', 2])
    })
  })
}

/** The records of a trail, by its files alone. */
function recordsIn(directory: string): readonly AuditRecord[] {
  const segments = join(directory, 'segments')
  const text = readdirSync(segments)
    .sort()
    .map((name) => readFileSync(join(segments, name), 'utf8'))
    .join('')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as AuditRecord)
}
