import { headOf, isObject, type LineHead, objectOf } from '../line.ts'

const kindMember = Buffer.from('"kind":"')
const idMember = Buffer.from('{"id":"')
const quote = 0x22

/** What the records of a trail say that matters to who goes on writing it. Gets every line in order. */
export class LineFacts {
  /** Intents whose exchange has no record so far: the exchange's id, and the intent's line. */
  readonly intents: Map<string, Buffer> = new Map()
  /** The bytes that `damage` records name, each as `bytesName` writes it. */
  readonly namedBytes: Set<string> = new Set()
  /** The names below `damage/` that `damage` records tell of. */
  readonly namedFiles: Set<string> = new Set()
  #last: Buffer | undefined

  /** What the last record says of itself; undefined where there is none. */
  get last(): LineHead | undefined {
    return this.#last === undefined ? undefined : headOf(this.#last)
  }

  /** Takes lines that are only lent. */
  note(lines: readonly Buffer[]): void {
    for (const line of lines) {
      // Nearly all lines are records of exchanges; searching for a few bytes costs a tenth of reading their members.
      if (!line.includes(kindMember)) this.#close(line)
      else this.#noteKind(line)
    }
    const last = lines.at(-1)
    if (last !== undefined) this.#last = Buffer.from(last)
  }

  #close(line: Buffer): void {
    if (this.intents.size === 0) return
    const { length } = idMember
    const isUsual = line.compare(idMember, 0, length, 0, length) === 0
    const id = isUsual ? line.toString('latin1', length, line.indexOf(quote, length)) : headOf(line).id
    if (id !== undefined) this.intents.delete(id)
  }

  #noteKind(line: Buffer): void {
    const { kind, exchange } = headOf(line)
    if (kind === undefined) this.#close(line)
    else if (kind === 'damage') this.#noteDamage(line)
    else if (exchange === undefined) return
    else if (kind === 'interrupted') this.intents.delete(exchange)
    else if (kind === 'intent') this.intents.set(exchange, Buffer.from(line))
  }

  #noteDamage(line: Buffer): void {
    const damage = objectOf(line)?.damage
    if (!isObject(damage)) return
    const { file, offset, bytes, moved } = damage
    if (typeof moved === 'string') this.namedFiles.add(moved)
    this.namedBytes.add(bytesName(String(file), Number(offset), Number(bytes)))
  }
}

/** A text for some bytes of a file, the same for the same bytes. */
export function bytesName(file: string, offset: number, bytes: number): string {
  return `${file} ${offset} ${bytes}`
}
