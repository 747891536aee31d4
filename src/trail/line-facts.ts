import { headOf, isObject, objectOf } from './line.ts'

/** What the records of a trail say that matters to who goes on writing it. Gets every line in order. */
export class LineFacts {
  /** Intents whose exchange has no record so far: the exchange's id, and the intent's line. */
  readonly intents: Map<string, Buffer> = new Map()
  /** The time of the last record; undefined where it has none. */
  lastTime: string | undefined
  /** The kind of the last record; undefined for those of exchanges, and where there is no record. */
  lastKind: string | undefined
  /** The bytes that `damage` records name, each as `bytesName` writes it. */
  readonly namedBytes: Set<string> = new Set()
  /** The names below `damage/` that `damage` records tell of. */
  readonly namedFiles: Set<string> = new Set()

  /** The line is not kept. */
  note(line: Buffer): void {
    const { id, time, kind, exchange } = headOf(line)
    this.lastTime = time
    this.lastKind = kind
    if (kind === undefined) {
      if (id !== undefined && this.intents.size > 0) this.intents.delete(id)
    } else if (kind === 'damage') this.#noteDamage(line)
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
