import { reasonPhrase } from '../lib/reason-phrases.ts'
import { NOTHING_SENT, type ResponseHead } from './facts.ts'
import type { HeaderText } from './header-text.ts'

/** The head of a `Response`; nothing of one that says that there is none, as `Response.error()` does. */
export function fetchHead(response: Response, text: HeaderText): ResponseHead {
  const { status, statusText, headers } = response
  if (status === 0) return NOTHING_SENT
  return { status, reason: statusText || (reasonPhrase(status) ?? ''), headers: text.fromObject(headerObject(headers)) }
}

/** A body that can be watched: one that nobody reads already. Undefined where there is none. */
export function freeBody(response: Response): ReadableStream | undefined {
  const { body } = response
  return body === null || body.locked || response.bodyUsed ? undefined : body
}

/**
 * The same response with another body, and a header more where one is given: what it is constructed of, and what says
 * where it came from. Undefined where the platform makes no such response (a switch of protocols).
 */
export function responseWith(
  response: Response,
  body: ReadableStream | null,
  header?: readonly [name: string, value: string],
): Response | undefined {
  try {
    const copy = new Response(body, response)
    if (header !== undefined) copy.headers.set(...header)
    for (const name of ['url', 'redirected', 'type'] as const) {
      if (copy[name] !== response[name])
        Object.defineProperty(copy, name, { value: response[name], configurable: true })
    }
    return copy
  } catch {
    return undefined
  }
}

/** Each `Set-Cookie` by itself, as cookies cannot be told apart once they are joined. */
function headerObject(headers: Headers): Readonly<Record<string, string | readonly string[]>> {
  const object: Record<string, string | readonly string[]> = {}
  headers.forEach((value, name) => {
    object[name] = name === 'set-cookie' ? headers.getSetCookie() : value
  })
  return object
}
