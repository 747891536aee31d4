import { fetchAudit } from '../../../src/adapters/fetch.ts'
import type { AuditRecord } from '../../../src/record/record.ts'

interface Environment {
  readonly RECEIVER: string
}

let receiver = ''

/** Posts each batch to the test. */
const posting = {
  name: 'post',
  async write(records: readonly AuditRecord[], signal: AbortSignal): Promise<void> {
    const { ok } = await fetch(receiver, { method: 'POST', body: JSON.stringify(records), signal })
    if (!ok) throw new Error('not taken')
  },
  close: () => Promise.resolve(),
}

const settings = { logHandler: posting, trustedProxies: 1, forwardedHeader: 'cf-connecting-ip' }
const audited = fetchAudit(settings)
const flushing = fetchAudit({ ...settings, loggerName: 'flushing', flushBeforeEnd: true, waitUntil: () => undefined })

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  const [, kind, id = ''] = pathname.split('/')
  audited.auditLogOf(request).info(`message ${id}`)
  if (kind === 'throw') throw new TypeError('no such table')
  if (kind === 'empty') return new Response(null, { status: 204 })
  if (kind === 'current') {
    await new Promise((resolve) => setTimeout(resolve, (Number(id) * 7) % 13))
    audited.audit.current().warning(`current ${id}`)
  }
  if (kind !== 'stream')
    return new Response(id, {
      headers: [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ],
    })
  const parts = ['one ', '', 'two ', 'three']
  const body = new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      const part = parts.shift()
      if (part === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(part))
    },
  })
  return new Response(body)
}

type Handler = (request: Request, ...rest: unknown[]) => Promise<Response>
const handlers: Record<string, Handler> = { audited: audited(answer), flushing: flushing(answer) }

// biome-ignore lint/style/noDefaultExport: it is how Workers find their handlers
export default {
  fetch(request: Request, environment: Environment, context: unknown): Promise<Response> {
    receiver = environment.RECEIVER
    const name = new URL(request.url).hostname === 'flushing.test' ? 'flushing' : 'audited'
    return handlers[name]!(request, environment, context)
  },
}
