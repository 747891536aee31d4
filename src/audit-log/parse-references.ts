import type { Formatter } from '../formats/format.ts'
import type { Sink } from '../sinks/sink.ts'
import { notAmong, text } from './parse-values.ts'
import { list, type Parsed, type Parser, wrong } from './parser.ts'
import type { Censor, FormatName, LoadedHandler } from './settings.ts'

/** Gives the value that a text `module#export` names, or says why it cannot be had. */
export type Load = (reference: string, at: string) => Parsed<unknown>

/** The readers of settings that may be named by text. */
export interface References {
  /** A function. What it takes and gives cannot be checked; the type is what the setting says. */
  functionOf<Type extends (...given: never[]) => unknown>(): Parser<Type>
  /** A fixed text or a function; a text with `#` names either. */
  readonly censor: Parser<Censor | string>
  /** A format's name or a function. */
  readonly formatter: Parser<FormatName | Formatter>
  /** One handler or a list of them; a text that names a list stands for the list. */
  readonly handlers: Parser<readonly LoadedHandler[]>
}

const formatNames: readonly FormatName[] = ['native', 'python-audit-log']
const aHandler = 'a sink, an object with write(line), a function, or the text module#export'
const aFormatter = `'native', 'python-audit-log', a function or the text module#export`
const fixedCensor = text(/^.{0,200}$/s, 'a text of at most 200 characters, a function, or the text module#export')

/** The readers of values that may be given directly or as the text `module#export`, which is then read in their place. */
export function referencesWith(load: Load): References {
  const orReference =
    <Value>(parse: Parser<Value>): Parser<Value> =>
    (given, at) => {
      if (typeof given !== 'string' || !given.includes('#')) return parse(given, at)
      const loaded = load(given, at)
      return 'faults' in loaded ? loaded : parse(loaded.value, `${at} (${given.slice(0, 200)})`)
    }
  const loadedFormatter = orReference(functionAs<Formatter>(aFormatter))
  const handlerList = list(orReference(handler), `a list of handlers, or one of: ${aHandler}`)
  return {
    functionOf: <Type extends (...given: never[]) => unknown>() =>
      orReference(functionAs<Type>('a function or the text module#export')),
    censor: orReference<Censor | string>((given, at) =>
      isFunction<Censor>(given) ? { value: given } : fixedCensor(given, at),
    ),
    formatter(given, at) {
      const name = formatNames.find((each) => each === given)
      if (name !== undefined) return { value: name }
      if (typeof given === 'string' && !given.includes('#')) return notAmong(given, at, formatNames, aFormatter)
      return loadedFormatter(given, at)
    },
    handlers: orReference((given, at) => handlerList(Array.isArray(given) || !isHandler(given) ? given : [given], at)),
  }
}

/** Whether a handler is a sink: it has a name, `write` and `close`. Streams have no name. */
export function isSink(value: LoadedHandler): value is Sink {
  return 'close' in value && typeof value.close === 'function' && 'write' in value && typeof value.name === 'string'
}

const handler: Parser<LoadedHandler> = (given, at) => (isHandler(given) ? { value: given } : wrong(given, at, aHandler))

function functionAs<Type>(expected: string): Parser<Type> {
  return (given, at) => (isFunction<Type>(given) ? { value: given } : wrong(given, at, expected))
}

function isHandler(value: unknown): value is LoadedHandler {
  if (typeof value === 'function') return true
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'write') === 'function'
}

function isFunction<Type>(value: unknown): value is Type {
  return typeof value === 'function'
}
