// A typed handler from Request to Response, with what a platform hands over beside the request.
import { stdoutSink } from 'griffier'
import { fetchAudit } from 'griffier/fetch'
import { fixedClock, fixedIds, memorySink } from 'griffier/testing'

interface Environment {
  readonly REGION: string
}

interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void
}

async function main(): Promise<void> {
  const sink = memorySink()
  const audited = fetchAudit<[Environment, ExecutionContext]>({
    loggerName: 'on fetch',
    logHandler: [stdoutSink(), sink],
    userFromRequest: (request) => request.headers.get('x-subject'),
    clientAddress: (_request, environment) => (environment.REGION === 'north' ? '192.0.2.1' : undefined),
    waitUntil: (promise, _request, _environment, context) => context.waitUntil(promise),
  })
  const handler = audited(async (request, environment, context) => {
    context.waitUntil(Promise.resolve())
    audited.auditLogOf(request).info(`In ${environment.REGION}`)
    return new Response('typed')
  })
  const worker: { fetch(...given: [Request, Environment, ExecutionContext]): Promise<Response> } = { fetch: handler }
  const waited: Promise<unknown>[] = []
  const request = new Request('https://app.example.org/bicycles', { headers: { 'x-subject': 'jane' } })
  await (await worker.fetch(request, { REGION: 'north' }, { waitUntil: (promise) => void waited.push(promise) })).text()
  await Promise.all(waited)
  await audited.audit.close()
  const [record] = sink.records
  if (sink.records.length !== 1 || record?.user?.ip !== '192.0.2.1') throw new Error(JSON.stringify(sink.records))

  // @ts-expect-error: the callback sees a Request
  const wrong = (): unknown => fetchAudit({ logHandler: sink, userFromRequest: (request) => request.nothing })
  const plain = fetchAudit({ loggerName: 'plain', logHandler: (line) => void line })(
    (_request: Request) => new Response(),
  )
  if ((await plain(request)).status !== 200) throw new Error('the plain handler does not answer')
  if (wrong.length > 0) throw new Error('never called')
  const clock = fixedClock()
  clock.tick(1)
  fixedIds()(clock.now())
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
