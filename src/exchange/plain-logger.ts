import { parseAddress } from '../lib/ip.ts'
import { property } from '../lib/property.ts'
import { quote } from '../lib/text.ts'
import { AnnotatingLogger } from '../record/annotating-logger.ts'
import { Annotations, textOf } from '../record/annotations.ts'
import type { Logger } from '../record/logger.ts'
import type { HttpRequestPart, HttpResponsePart } from '../record/record.ts'
import { sealRecord } from '../record/record-line.ts'
import type { Guarantee } from './decision.ts'
import type { Recorder } from './recorder.ts'
import { readUser } from './user.ts'
import { ANONYMOUS, userText } from './user-text.ts'

/** More values of one header than any response has. */
const MOST_VALUES = 1_000

/** The exchange that an event belongs to. */
export interface EventOwner {
  readonly id: string
  readonly guarantee: Guarantee
  userText(): string
}

/** A logger without a framework: every part is what the app says. With an owner, its record is a further event of an exchange. */
export class PlainLogger extends AnnotatingLogger {
  readonly #recorder: Recorder
  readonly #owner: EventOwner | undefined
  readonly #annotations: Annotations
  #request: string | undefined
  #response: string | undefined
  #user: string | undefined
  #sent: Promise<void> | undefined

  constructor(recorder: Recorder, owner?: EventOwner) {
    const annotations = new Annotations()
    super(recorder.redactor, annotations)
    this.#recorder = recorder
    this.#owner = owner
    this.#annotations = annotations
  }

  protected admits(): boolean {
    return this.#sent === undefined
  }

  setHttpRequest(request: Partial<HttpRequestPart>): this {
    if (this.admits()) this.#request = requestText(request, this.#recorder)
    return this
  }

  setHttpResponse(response: Partial<HttpResponsePart>): this {
    if (this.admits()) this.#response = responseText(response, this.#recorder)
    return this
  }

  setUser(user: unknown): this {
    if (this.admits()) this.#user = userText(readUser(user) ?? ANONYMOUS, addressOf(user), this.#recorder)
    return this
  }

  event(): Logger {
    return new PlainLogger(this.#recorder, this.#owner)
  }

  sendLog(): Promise<void> {
    this.#sent ??= this.#send()
    return this.#sent
  }

  /** Never rejects: a call that nobody waits for must not end the process. */
  async #send(): Promise<void> {
    try {
      await this.#keep()
    } catch (error) {
      this.#recorder.lose(error)
    }
  }

  #keep(): Promise<void> | undefined {
    const recorder = this.#recorder
    const time = recorder.clock.now()
    return recorder.keep(
      sealRecord({
        id: recorder.newId(time),
        time,
        logger: recorder.loggerName,
        kind: this.#owner === undefined ? undefined : 'event',
        exchange: this.#owner?.id,
        request: this.#request,
        response: this.#response,
        user: this.#user ?? this.#owner?.userText(),
        ...this.#annotations,
      }),
      this.#owner?.guarantee ?? recorder.guarantee,
    )
  }
}

function requestText(request: Partial<HttpRequestPart> | null | undefined, { redactor }: Recorder): string {
  const method = property(request, 'method')
  const url = property(request, 'url')
  const agent = property(request, 'user_agent')
  const text = (value: unknown): string => (value === undefined || value === null ? 'null' : quote(textOf(value)))
  const redacted = url === undefined || url === null ? null : redactor.url(textOf(url))
  return `{"method":${text(method)},"url":${text(redacted)},"user_agent":${text(agent)}}`
}

function responseText(response: Partial<HttpResponsePart> | null | undefined, { redactor }: Recorder): string {
  const status = property(response, 'status_code')
  const reason = property(response, 'reason')
  const code = isStatus(status) ? String(status) : 'null'
  const headers = headerMembers(property(response, 'headers'), (name, value) => redactor.header(name, value))
  return `{"status_code":${code},"reason":${reason === undefined || reason === null ? 'null' : quote(textOf(reason))},"headers":{${headers}}}`
}

/** Three digits, RFC 9110, 15. */
function isStatus(status: unknown): status is number {
  return typeof status === 'number' && Number.isInteger(status) && status >= 100 && status <= 999
}

function headerMembers(headers: unknown, redact: (name: string, value: string) => string): string {
  const values = new Map<string, string[]>()
  const lists = new Set<string>()
  for (const given of namesOf(headers)) {
    const name = given.toLowerCase()
    const value = property(headers, given)
    const list = valuesOf(value)
    const written = values.get(name) ?? []
    if (list !== undefined || written.length > 0) lists.add(name)
    for (const one of list ?? [value]) written.push(quote(redact(name, textOf(one))))
    values.set(name, written)
  }
  const members = [...values].map(([name, written]) => {
    const text = written.join(',')
    return `${quote(name)}:${lists.has(name) ? `[${text}]` : text}`
  })
  return members.join(',')
}

/** The values of a header that was sent several times; read one by one, as a proxy's length may be anything. */
function valuesOf(value: unknown): readonly unknown[] | undefined {
  try {
    if (!Array.isArray(value)) return undefined
    const length = Math.min(Number(value.length), MOST_VALUES)
    return Array.from({ length }, (_, index): unknown => value[index])
  } catch {
    return undefined
  }
}

/** An app may hand over a proxy that throws. */
function namesOf(value: unknown): readonly string[] {
  try {
    return typeof value === 'object' && value !== null ? Object.keys(value) : []
  } catch {
    return []
  }
}

function addressOf(user: unknown): string | null {
  return parseAddress(property(user, 'ip'))
}
