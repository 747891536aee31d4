import { reasonOf } from '../lib/errors.ts'
import { property } from '../lib/property.ts'
import { quote } from '../lib/text.ts'
import type { RequestFacts, ResponseHead } from './facts.ts'
import type { Recorder } from './recorder.ts'

/** What was asked for, as JSON text, its secrets redacted. */
export function requestText(facts: RequestFacts, recorder: Recorder): string {
  const url = facts.url === null ? 'null' : quote(recorder.redactor.url(facts.url))
  const agent = facts.userAgent === null ? 'null' : quote(facts.userAgent)
  return `{"method":${facts.method === null ? 'null' : quote(facts.method)},"url":${url},"user_agent":${agent}}`
}

/** The head that was sent, as JSON text. */
export function responseText(head: ResponseHead): string {
  const reason = head.reason === null ? 'null' : quote(head.reason)
  return `{"status_code":${head.status},"reason":${reason},"headers":${head.headers}${head.inexact === true ? ',"inexact":true' : ''}}`
}

/** The error that ended an exchange, as JSON text. */
export function errorText(error: unknown, { redactor }: Recorder): string {
  return `{"type":${quote(typeOf(error))},"message":${quote(redactor.text(reasonOf(error)))}}`
}

/** The class of an error; Node's own errors are all of class Error and say more by their code. */
function typeOf(error: unknown): string {
  if (!isError(error)) return typeof error
  const name = property(error, 'name')
  const code = property(error, 'code')
  if (name === 'Error' && typeof code === 'string') return code
  return typeof name === 'string' && name !== '' ? name : 'Error'
}

function isError(value: unknown): boolean {
  try {
    return value instanceof Error
  } catch {
    // A proxy that was revoked.
    return false
  }
}
