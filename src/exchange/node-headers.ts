import type { IncomingHttpHeaders } from 'node:http'

/** Of these Node keeps the first where several came; the values of all others it joins. */
const FIRST_ONLY: ReadonlySet<string> = new Set(['host', 'user-agent'])

interface Headed {
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
}

/**
 * One header of a request, by its name in lower case, as `req.headers` would have it. It is looked up in what the parser
 * gave: `headers` makes an object of all of them when it is first asked for, which many an app never does.
 */
export function nodeHeader(req: Headed, name: string): string | undefined {
  const { rawHeaders } = req
  // A request that no parser made, as test tools make them, may have the object alone.
  if (rawHeaders === undefined || rawHeaders.length === 0) return joined(req.headers[name])
  let value: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const given = rawHeaders[i] as string
    if (given.length !== name.length || given.toLowerCase() !== name) continue
    const one = rawHeaders[i + 1] as string
    if (FIRST_ONLY.has(name)) return one
    value = value === undefined ? one : `${value}, ${one}`
  }
  return value
}

function joined(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value.join(', ')
}
