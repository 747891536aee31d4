/** What of a URL or a text is masked, and by what. */
export interface Masks {
  /** For a parameter of a query, a fragment or a path; the name is decoded. */
  hidesParameter(name: string): boolean
  /** For `name=value` and its like in running text. */
  hidesAssignment(name: string): boolean
  /** The text that takes the place of a value. */
  censor(value: string, name: string): string
  /** The same, in characters that a URL may hold. */
  censorInUrl(value: string, name: string): string
}

const worthALook = /[?#@;=%]/
// An encoded character, however often it was encoded: %3D, %253D, …
const hasAt = /@|%(?:25)*40/i
const at = /@|%(?:25)*40/gi
const authorityStart = /([/\\]|%(?:25)*(?:2f|5c)){2,}/gi
const boundOfAuthority = /[/\\?#\s"<>]/g
// By the number of encodings: what was encoded more often than the slashes belongs to the password.
const boundsOfEncodedAuthority = ['', '(?:25)?', '(?:25){0,2}', '(?:25)*'].map(
  (percent) => new RegExp(`[/\\\\?#&;\\s"<>]|%${percent}(?:2f|5c|3f|23|26|3b)`, 'gi'),
)
const nestedMark = /[?#=]/g
const encodedMark = /[&;\s"'<>]|%(?:25)*(26|3b|3f|23|3d)/gi

/**
 * A URL, absolute or not, with its credentials and masked parameters replaced and every other byte as it was. The raw
 * text is split and never decoded, but for names, to compare them; parameters are also found in the fragment, after a
 * `;` in the path, and in URLs within a value, encoded or not.
 */
export function redactUrl(url: string, masks: Masks): string {
  if (!worthALook.test(url)) return url
  const hash = endOf(url, '#', url.length)
  const question = endOf(url, '?', hash)
  const head = redactHead(url.slice(0, question), masks)
  if (question === url.length) return head
  const query = redactParameters(url.slice(question, hash), masks)
  return hash === url.length ? head + query : head + query + redactParameters(url.slice(hash), masks)
}

/** The URL without its fragment. */
export function withoutFragment(url: string): string {
  return url.slice(0, endOf(url, '#', url.length))
}

/** Masks what stands before an `@` in each `//authority` of a text, be its slashes raw or percent-encoded. */
export function maskAuthorities(text: string, masks: Masks): string {
  if (!hasAt.test(text)) return text
  let out = ''
  let done = 0
  authorityStart.lastIndex = 0
  for (let found = authorityStart.exec(text); found !== null; found = authorityStart.exec(text)) {
    const start = found.index + found[0].length
    const bound = boundAfter(found[1] ?? '')
    bound.lastIndex = start
    const end = bound.exec(text)?.index ?? text.length
    out += text.slice(done, start) + maskUserinfo(text.slice(start, end), masks)
    done = end
    authorityStart.lastIndex = end
  }
  return out + text.slice(done)
}

/** Masks parameters whose very `?`, `&` and `=` are percent-encoded: those of a URL that is the value of a parameter. */
export function maskEncoded(text: string, masks: Masks): string {
  let out = ''
  let done = 0
  for (let found = nextEncoded(text, 0, masks); found !== undefined; found = nextEncoded(text, done, masks)) {
    out += text.slice(done, found.start) + masks.censorInUrl(text.slice(found.start, found.end), found.name)
    done = found.end
  }
  return out + text.slice(done)
}

interface EncodedSecret {
  readonly name: string
  readonly start: number
  readonly end: number
}

function nextEncoded(text: string, from: number, masks: Masks): EncodedSecret | undefined {
  let nameStart = -1
  encodedMark.lastIndex = from
  for (let mark = encodedMark.exec(text); mark !== null; mark = encodedMark.exec(text)) {
    const start = encodedMark.lastIndex
    if (!isEncodedEquals(mark)) nameStart = mark[1] === undefined ? -1 : start
    else if (nameStart >= 0) {
      const name = decodeName(text.slice(nameStart, mark.index))
      if (masks.hidesParameter(name)) return { name, start, end: endOfEncoded(text, start, mark[0].length) }
      nameStart = -1
    }
  }
  return undefined
}

/** What was encoded more often than the secret's `=`, which tells by its width, belongs to the secret. */
function endOfEncoded(text: string, from: number, width: number): number {
  encodedMark.lastIndex = from
  for (let mark = encodedMark.exec(text); mark !== null; mark = encodedMark.exec(text))
    if (mark[0].length <= width && !isEncodedEquals(mark)) return mark.index
  return text.length
}

function isEncodedEquals(mark: RegExpExecArray): boolean {
  return mark[1]?.toLowerCase() === '3d'
}

/** A parameter's name as a server would read it; encoded several times, as the last of several servers would. */
export function decodeName(raw: string): string {
  let name = raw.includes('+') ? raw.replaceAll('+', ' ') : raw
  for (let round = 0; round < 4 && name.includes('%'); round++) name = decodeOnce(name)
  return name
}

function decodeOnce(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
}

function endOf(text: string, mark: string, limit: number): number {
  const index = text.indexOf(mark)
  return index < 0 || index > limit ? limit : index
}

function redactHead(head: string, masks: Masks): string {
  let out = redactInner(head, masks)
  if (out.includes('@') && !out.includes('//')) out = maskBareUserinfo(out, masks)
  return out.includes(';') ? redactPathParameters(out, masks) : out
}

/** `user:password@host:443`, as the target of a CONNECT; an address of mail is none. */
function maskBareUserinfo(head: string, masks: Masks): string {
  const [authority = ''] = head.split(/[/\\]/, 1)
  const colon = authority.indexOf(':')
  if (colon < 0 || colon > authority.lastIndexOf('@') || /^mailto:/i.test(authority)) return head
  return maskUserinfo(authority, masks) + head.slice(authority.length)
}

function boundAfter(slash: string): RegExp {
  if (slash.length === 1) return boundOfAuthority
  const encodings = Math.min((slash.length - 1) / 2, boundsOfEncodedAuthority.length)
  return boundsOfEncodedAuthority[encodings - 1] ?? boundOfAuthority
}

function maskUserinfo(authority: string, masks: Masks): string {
  let last = -1
  for (const found of authority.matchAll(at)) last = found.index
  return last <= 0 ? authority : masks.censorInUrl(authority.slice(0, last), 'userinfo') + authority.slice(last)
}

function redactPathParameters(path: string, masks: Masks): string {
  const pieces = path.split(/([;/])/)
  for (let i = 2; i < pieces.length; i += 2) if (pieces[i - 1] === ';') pieces[i] = redactPart(pieces[i] ?? '', masks)
  return pieces.join('')
}

/** A query or a fragment, its first character being `?` or `#`. */
function redactParameters(text: string, masks: Masks): string {
  let out = ''
  let done = 0
  let start = 1
  while (start < text.length) {
    const end = endOfPart(text, start)
    const part = text.slice(start, end)
    const redacted = redactPart(part, masks)
    if (redacted !== part) {
      out += text.slice(done, start) + redacted
      done = end
    }
    start = end + 1
  }
  return done === 0 ? text : out + text.slice(done)
}

function endOfPart(text: string, start: number): number {
  let end = start
  while (end < text.length && text[end] !== '&' && text[end] !== ';') end++
  return end
}

/** One `name=value`. */
function redactPart(part: string, masks: Masks): string {
  const equals = part.indexOf('=')
  if (equals < 0) return redactInner(part, masks)
  if (part.includes('?') || part.includes('#')) return redactNested(part, masks)
  const name = decodeName(part.slice(0, equals))
  return masks.hidesParameter(name) ? maskRest(part, equals + 1, name, masks) : redactInner(part, masks)
}

/** A value may be a URL itself (`next=/a?token=…`): then so are its parameters looked at. */
function redactNested(part: string, masks: Masks): string {
  let nameStart = 0
  for (const mark of part.matchAll(nestedMark)) {
    if (mark[0] !== '=') nameStart = mark.index + 1
    else if (nameStart >= 0) {
      const name = decodeName(part.slice(nameStart, mark.index))
      if (masks.hidesParameter(name)) return maskRest(part, mark.index + 1, name, masks)
      nameStart = -1
    }
  }
  return redactInner(part, masks)
}

function maskRest(part: string, from: number, name: string, masks: Masks): string {
  return redactInner(part.slice(0, from), masks) + masks.censorInUrl(part.slice(from), name)
}

function redactInner(part: string, masks: Masks): string {
  if (!part.includes('%')) return part.includes('@') ? maskAuthorities(part, masks) : part
  return maskEncoded(maskAuthorities(part, masks), masks)
}
