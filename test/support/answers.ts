/*
 * The ways in which a Node handler can answer, each with the request that asks for it. They use what `http` and `http2`
 * responses have in common, unless `only` says otherwise.
 *
 *   for (const answer of answers) … answer.answer(req, res, note)
 *
 * `note(what, …values)` keeps what the handler saw: callbacks and their arguments, state, errors. `early` is a part of the
 * body that a client must get before the response is complete.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

export type Note = (what: string, ...values: readonly unknown[]) => void

export interface Answer {
  readonly name: string
  readonly method?: string
  /** More header lines of the request. */
  readonly headers?: Readonly<Record<string, string>>
  readonly httpVersion?: '1.0' | '1.1'
  readonly body?: string
  readonly early?: string
  readonly only?: 'http1' | 'http2'
  answer(req: IncomingMessage, res: ServerResponse, note: Note): void
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function inTurns(...steps: readonly (() => unknown)[]): Promise<void> {
  for (const step of steps) {
    await turn()
    await turn()
    step()
  }
}

/** What a handler can see of its response at this point. */
function noteState(res: ServerResponse, note: Note): void {
  note('state', res.headersSent, res.writableEnded, res.finished)
}

async function* parts(): AsyncGenerator<string> {
  for (const part of ['one,', 'two,', 'three']) {
    await turn()
    yield part
  }
}

export const answers: readonly Answer[] = [
  {
    name: 'end(chunk)',
    answer: (_req, res, note) => {
      res.end('hello', () => note('end called back'))
      noteState(res, note)
    },
  },
  {
    name: 'end()',
    answer: (_req, res, note) => {
      res.end(() => note('end called back'))
      noteState(res, note)
    },
  },
  { name: 'end(buffer)', answer: (_req, res) => void res.end(Buffer.from([1, 2, 254, 255])) },
  { name: 'end(chunk, encoding)', answer: (_req, res) => void res.end('aGVsbG8=', 'base64') },
  { name: 'end of a large body', answer: (_req, res) => void res.end('x'.repeat(1_000_000)) },
  { name: 'end at a later time', answer: (_req, res) => void inTurns(() => res.end('later')) },
  {
    name: 'write + end',
    answer(_req, res, note) {
      note(
        'write',
        res.write('part', (...values: unknown[]) => note('write called back', ...values)),
      )
      res.end('end', (...values: unknown[]) => note('end called back', ...values))
      noteState(res, note)
    },
  },
  {
    name: 'several writes, then end',
    answer: (_req, res, note) =>
      void inTurns(
        () => res.write('one,'),
        () => res.write('two,'),
        () => res.end(() => note('end called back')),
      ),
    early: 'two,',
  },
  {
    name: 'writeHead, then nothing for a while',
    answer: (_req, res) =>
      void inTurns(
        () => res.writeHead(201, { 'X-One': '1', 'x-two': 'b' }),
        () => res.end('made'),
      ),
  },
  {
    name: 'the write that completes the declared length, then end',
    answer(_req, res, note) {
      res.setHeader('Content-Length', 8)
      void inTurns(
        () => res.write('1234'),
        () =>
          note(
            'last write',
            res.write('5678', () => note('write called back')),
          ),
        () => res.end(() => note('end called back')),
      )
    },
    early: '1234',
  },
  {
    name: 'a length declared in writeHead, one write',
    answer(_req, res, note) {
      res.writeHead(200, { 'content-length': '4', 'Set-Cookie': ['a=1', 'b=2'] })
      res.write('1234')
      res.end(() => note('end called back'))
      noteState(res, note)
    },
  },
  {
    name: 'a length that is declared and not reached',
    headers: { Connection: 'close' },
    only: 'http1',
    answer: (_req, res) => {
      res.setHeader('Content-Length', 9)
      res.end('123')
    },
  },
  { name: 'pipe', answer: (_req, res) => void Readable.from(parts()).pipe(res), early: 'two,' },
  {
    name: 'pipe with Content-Length',
    answer(_req, res) {
      res.setHeader('Content-Length', 13)
      Readable.from(parts()).pipe(res)
    },
    early: 'two,',
  },
  {
    name: 'HEAD, end(chunk)',
    method: 'HEAD',
    answer: (_req, res) => {
      res.setHeader('Content-Length', 5)
      res.end('hello')
    },
  },
  {
    name: 'HEAD, end()',
    method: 'HEAD',
    answer: (_req, res, note) => {
      res.end(() => note('end called back'))
      noteState(res, note)
    },
  },
  {
    name: 'HEAD, flushHeaders, then end',
    method: 'HEAD',
    answer: (_req, res, note) => {
      res.flushHeaders()
      noteState(res, note)
      void inTurns(() => res.end())
    },
  },
  {
    name: 'HEAD, writeHead, then end',
    method: 'HEAD',
    answer: (_req, res) => {
      res.writeHead(200, { 'Content-Length': 7 })
      void inTurns(() => res.end())
    },
  },
  {
    name: 'HEAD, write, then end',
    method: 'HEAD',
    only: 'http1',
    answer: (_req, res, note) => {
      res.write('hello', () => note('write called back'))
      void inTurns(() => res.end())
    },
  },
  { name: 'HEAD, pipe', method: 'HEAD', only: 'http1', answer: (_req, res) => void Readable.from(parts()).pipe(res) },
  {
    name: '204',
    answer: (_req, res) => {
      res.statusCode = 204
      res.end()
    },
  },
  {
    name: '204, writeHead, then end',
    answer: (_req, res, note) => {
      res.writeHead(204)
      noteState(res, note)
      void inTurns(() => res.end(() => note('end called back')))
    },
  },
  {
    name: '204, flushHeaders, then end',
    answer: (_req, res) => {
      res.statusCode = 204
      res.flushHeaders()
      void inTurns(() => res.end())
    },
  },
  {
    name: '304',
    answer: (_req, res) => {
      res.writeHead(304, { ETag: '"a"' })
      res.end()
    },
  },
  {
    name: '205',
    answer: (_req, res) => {
      res.statusCode = 205
      res.end()
    },
  },
  {
    name: 'Content-Length: 0, flushHeaders, then end',
    answer: (_req, res) => {
      res.setHeader('Content-Length', 0)
      res.flushHeaders()
      void inTurns(() => res.end())
    },
  },
  {
    name: 'flushHeaders, then write, then end',
    answer: (_req, res) => {
      res.flushHeaders()
      void inTurns(
        () => res.write('event'),
        () => res.end(),
      )
    },
    early: 'event',
  },
  {
    name: 'trailers',
    answer: (_req, res) => {
      res.setHeader('Trailer', 'x-sum')
      res.write('body')
      void inTurns(() => {
        res.addTrailers({ 'x-sum': '42' })
        res.end()
      })
    },
    early: 'body',
  },
  {
    name: 'early hints, then 200',
    answer: (_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' })
      res.end('page')
    },
  },
  {
    name: '102, then 204',
    only: 'http1',
    answer: (_req, res) => {
      res.writeProcessing()
      res.statusCode = 204
      res.end()
    },
  },
  {
    name: 'cork and uncork',
    answer: (_req, res) => {
      res.cork()
      res.write('a')
      res.write('b')
      res.uncork()
      res.end('c')
    },
  },
  {
    name: 'cork without uncork',
    answer: (_req, res) => {
      res.cork()
      res.write('a')
      res.end('c')
    },
  },
  {
    name: 'end twice',
    answer: (_req, res, note) => {
      res.on('error', (error: Error & { code?: string }) => note('error', error.code))
      res.end('a')
      note('returned', res.end('b') === res)
      noteState(res, note)
    },
    only: 'http1',
  },
  {
    name: 'end() twice',
    answer: (_req, res, note) => {
      note('chains', res.end('a') === res)
      note('chains', res.end() === res)
      noteState(res, note)
    },
  },
  {
    name: 'late calls after end',
    answer(_req, res, note) {
      res.on('error', (error: Error & { code?: string }) => note('error', error.code))
      res.end('done')
      for (const late of [
        () => res.setHeader('a', 'b'),
        () => res.removeHeader('a'),
        () => res.writeHead(500),
        () => res.appendHeader('a', 'b'),
      ]) {
        try {
          late()
          note('no error')
        } catch (error) {
          note('throws', (error as { code?: string }).code)
        }
      }
      res.statusCode = 500
      res.flushHeaders()
      noteState(res, note)
    },
  },
  {
    name: 'write after end',
    only: 'http1',
    answer(_req, res, note) {
      res.on('error', (error: Error & { code?: string }) => note('error', error.code))
      res.end('done')
      note(
        'late write',
        res.write('x', (error) => note('write called back', (error as { code?: string } | undefined)?.code)),
      )
    },
  },
  {
    name: 'end with what cannot be sent, then a stream',
    only: 'http2',
    answer(_req, res, note) {
      try {
        res.end(123 as unknown as string)
      } catch (error) {
        note('throws', (error as { code?: string }).code)
      }
      void inTurns(
        () => res.write('sorry'),
        () => res.end(),
      )
    },
    early: 'sorry',
  },
  {
    name: 'end with what cannot be sent, then an error page',
    answer(_req, res, note) {
      try {
        res.end(123 as unknown as string)
      } catch (error) {
        note('throws', (error as { code?: string }).code)
      }
      noteState(res, note)
      res.end('sorry')
    },
  },
  { name: 'HTTP/1.0', httpVersion: '1.0', only: 'http1', answer: (_req, res) => void res.end('old') },
  {
    name: 'HTTP/1.0, write, then end',
    httpVersion: '1.0',
    only: 'http1',
    answer: (_req, res, note) =>
      void inTurns(
        () => res.write('old'),
        () => res.end(() => note('end called back')),
      ),
    early: 'old',
  },
  {
    name: 'HTTP/1.0, keep-alive',
    httpVersion: '1.0',
    headers: { Connection: 'keep-alive' },
    only: 'http1',
    answer: (_req, res) => void res.end('old'),
  },
  {
    name: 'Connection: close',
    headers: { Connection: 'close' },
    only: 'http1',
    answer: (_req, res) => void res.end('bye'),
  },
  {
    name: 'Connection: close, pipe',
    headers: { Connection: 'close' },
    only: 'http1',
    answer: (_req, res) => void Readable.from(parts()).pipe(res),
    early: 'two,',
  },
  {
    name: 'close-delimited',
    only: 'http1',
    answer: (_req, res) => {
      res.removeHeader('transfer-encoding')
      res.shouldKeepAlive = false
      res.useChunkedEncodingByDefault = false
      void inTurns(
        () => res.write('abc'),
        () => res.end(),
      )
    },
    early: 'abc',
  },
  {
    name: 'Expect: 100-continue',
    method: 'POST',
    headers: { Expect: '100-continue', 'Content-Length': '4' },
    body: 'data',
    only: 'http1',
    answer: (req, res) => {
      req.resume()
      req.on('end', () => res.end('got it'))
    },
  },
  {
    name: 'an answer before the upload is read',
    method: 'POST',
    headers: { 'Content-Length': '4' },
    body: 'data',
    only: 'http1',
    answer: (_req, res) => {
      res.statusCode = 413
      res.end('too much')
    },
  },
  {
    name: 'writeHead with an array and a reason',
    only: 'http1',
    answer: (_req, res) => {
      res.writeHead(200, 'Fine', ['X-A', '1', 'x-b', '2', 'X-A', '3'])
      res.end('x')
    },
  },
]

/** The request that asks for an answer, by its place in the list. */
export function requestFor(answer: Answer): string {
  const lines = [
    `${answer.method ?? 'GET'} /${answers.indexOf(answer)} HTTP/${answer.httpVersion ?? '1.1'}`,
    'Host: app.test',
  ]
  for (const [name, value] of Object.entries(answer.headers ?? {})) lines.push(`${name}: ${value}`)
  return `${lines.join('\r\n')}\r\n\r\n${answer.body ?? ''}`
}

/** The answer that a request asks for. */
export function answerTo(req: { readonly url?: string | undefined }): Answer {
  const answer = answers[Number((req.url ?? '').slice(1))]
  if (answer === undefined) throw new Error(`There is no answer for ${req.url}`)
  return answer
}
