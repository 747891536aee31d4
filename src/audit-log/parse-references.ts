import type { Formatter } from '../formats/format.ts'
import { AuditError } from '../lib/errors.ts'
import type { Sink } from '../sinks/sink.ts'
import { notAmong, text } from './parse-values.ts'
import { list, type Parsed, type Parser, wrong } from './parser.ts'
import { loadReference } from './reference.ts'
import type { Censor, FormatName, LoadedHandler } from './settings.ts'

const formatNames: readonly FormatName[] = ['native', 'python-audit-log']
const aHandler = 'a sink, an object with write(line), a function, or the text module#export'
const aFormatter = `'native', 'python-audit-log', a function or the text module#export`

/** A function, or the text `module#export` of one. What it takes and gives cannot be checked; the type is what the setting says. */
export function functionOf<Type extends (...given: never[]) => unknown>(): Parser<Type> {
  return orReference((given, at) =>
    isFunction<Type>(given) ? { value: given } : wrong(given, at, 'a function or the text module#export'),
  )
}

const fixedCensor = text(/^.{0,200}$/s, 'a text of at most 200 characters, a function, or the text module#export')

/** A fixed text, a function, or, as a text with `#`, the `module#export` of either. */
export const censor: Parser<Censor | string> = orReference<Censor | string>((given, at) =>
  isFunction<Censor>(given) ? { value: given } : fixedCensor(given, at),
)

/** A format's name, a function, or the text `module#export` of one. */
export const formatter: Parser<FormatName | Formatter> = (given, at) => {
  const name = formatNames.find((each) => each === given)
  if (name !== undefined) return { value: name }
  if (typeof given === 'string' && !given.includes('#')) return notAmong(given, at, formatNames, aFormatter)
  return orReference<Formatter>((value) => (isFunction<Formatter>(value) ? { value } : wrong(value, at, aFormatter)))(
    given,
    at,
  )
}

const handler: Parser<LoadedHandler> = orReference((given, at) =>
  isHandler(given) ? { value: given } : wrong(given, at, aHandler),
)

const handlerList = list(handler, `a list of handlers, or one of: ${aHandler}`)

/** One handler or a list of them; a text that names a list stands for the list. */
export const handlers: Parser<readonly LoadedHandler[]> = orReference((given, at) => {
  const parsed = handlerList(Array.isArray(given) || !isHandler(given) ? given : [given], at)
  if ('faults' in parsed || parsed.value.length > 0) return parsed
  return { faults: [`${at}: got an empty list, expected at least one handler; enabled: false makes no records at all`] }
})

/** Whether a handler is a sink: it has a name, `write` and `close`. Streams have no name. */
export function isSink(value: LoadedHandler): value is Sink {
  return 'close' in value && typeof value.close === 'function' && 'write' in value && typeof value.name === 'string'
}

function isHandler(value: unknown): value is LoadedHandler {
  if (typeof value === 'function') return true
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'write') === 'function'
}

function isFunction<Type>(value: unknown): value is Type {
  return typeof value === 'function'
}

/** Loads a value that is named by text, and reads it as if it had been given directly. */
function orReference<Value>(parse: Parser<Value>): Parser<Value> {
  return (given, at) => {
    if (typeof given !== 'string' || !given.includes('#')) return parse(given, at)
    const loaded = load(given, at)
    return 'faults' in loaded ? loaded : parse(loaded.value, `${at} (${given.slice(0, 200)})`)
  }
}

function load(reference: string, at: string): Parsed<unknown> {
  try {
    return { value: loadReference(reference) }
  } catch (thrown) {
    if (thrown instanceof AuditError) return { faults: [`${at}: ${thrown.message}`] }
    throw thrown
  }
}
