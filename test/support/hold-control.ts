/*
 * A hold that a test controls: what it was asked to keep safe, when it says so, and how each hold ended.
 *
 *   const hold = createHoldControl({ onFailure: 'closed' })
 *   const server = await serve((req, res) => { holdResponse(res, hold.options()); … })
 *   await hold.committed(1)          // the first response is held
 *   hold.release(); hold.fail()      // all that are held now, or one of them by its place
 *   await hold.ended(1)              // ['released']
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server as NetServer } from 'node:net'
import type { HoldEnd, HoldOptions } from '../../src/exchange/hold.ts'
import { testCertificate } from './test-certificate.ts'

export interface HoldControl {
  options(): HoldOptions
  /** Resolves once so many responses have been held in all. */
  committed(count: number): Promise<void>
  /** How the holds ended, once so many have. */
  ended(count: number): Promise<readonly HoldEnd[]>
  /** For each hold that has ended, whether the head of its response went out. */
  readonly headsSent: readonly boolean[]
  readonly commits: number
  readonly ends: readonly HoldEnd[]
  release(place?: number): void
  fail(place?: number): void
}

interface Commit {
  resolve(): void
  reject(error: Error): void
}

/** A signal that can be waited for until a condition holds. */
export function createSignal(): { notify(): void; until(isMet: () => boolean): Promise<void> } {
  let wake = (): void => undefined
  let changed = new Promise<void>((resolve) => (wake = resolve))
  return {
    notify() {
      wake()
      changed = new Promise((resolve) => (wake = resolve))
    },
    async until(isMet) {
      while (!isMet()) await changed
    },
  }
}

export function createHoldControl(settings: { onFailure?: 'open' | 'closed'; timeoutMs?: number } = {}): HoldControl {
  const commits: Commit[] = []
  const ends: HoldEnd[] = []
  const headsSent: boolean[] = []
  const signal = createSignal()
  const chosen = (place: number | undefined): readonly Commit[] =>
    place === undefined ? commits : commits.slice(place, place + 1)
  return {
    options: () => ({
      onFailure: settings.onFailure ?? 'open',
      timeoutMs: settings.timeoutMs ?? 60_000,
      commit: () =>
        new Promise((resolve, reject) => {
          commits.push({ resolve, reject })
          signal.notify()
        }),
      ended(how, heldMs, headSent) {
        if (!(heldMs >= 0)) throw new Error(`held for ${heldMs} ms`)
        ends.push(how)
        headsSent.push(headSent)
        signal.notify()
      },
    }),
    committed: (count) => signal.until(() => commits.length >= count),
    async ended(count) {
      await signal.until(() => ends.length >= count)
      return ends
    },
    headsSent,
    ends,
    get commits() {
      return commits.length
    },
    release: (place) => {
      for (const commit of chosen(place)) commit.resolve()
    },
    fail: (place) => {
      for (const commit of chosen(place)) commit.reject(new Error('not kept'))
    },
  }
}

export interface Serving<Kind extends NetServer = Server> {
  readonly server: Kind
  readonly port: number
  close(): Promise<void>
}

/** A server over HTTP/1 on a free port of 127.0.0.1. */
export function serve(handler: (req: IncomingMessage, res: ServerResponse) => void, tls = false): Promise<Serving> {
  return listen(tls ? (createTlsServer(testCertificate, handler) as unknown as Server) : createServer(handler))
}

export async function listen<Kind extends NetServer>(server: Kind): Promise<Serving<Kind>> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        ;(server as unknown as Partial<Server>).closeAllConnections?.()
      }),
  }
}
