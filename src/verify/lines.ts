import { AccountBook, damageOf } from './account.ts'
import { type FaultPlace, Faults } from './fault.ts'
import type { Files } from './files.ts'
import { beginsLine, type Json, MOST_LINE_BYTES, objectIn, parseLine, textIn } from './line.ts'
import { listSegments, pieceBuffer, SegmentReader, segmentPath } from './segment.ts'
import { hashLeafAt, TILE, type Tree } from './tree.ts'
import type { Verdict } from './verdict.ts'

/** More strays than any trail has. */
const MOST_STRAYS = 10_000

/** The kinds of record that tell about the trail. */
const toldKind = /^(?:start|stop|recovery|interrupted|gap|damage)"/
const LONGEST_KIND = 'interrupted"'.length

/** A size at which the tree is looked at: right after so many lines. */
export interface Mark {
  readonly size: number
  reached(lastTime: string | null): void
}

export interface LinesParts {
  readonly files: Files
  readonly faults: Faults
  readonly tree: Tree
  /** The checkpoint's size; what lies behind it is not proven. */
  readonly proven: number
  /** The hash of `trail.json`; undefined where it is not there. */
  readonly trailHash: string | undefined
  /** In the order of their sizes. */
  readonly marks: readonly Mark[]
  readonly read: (bytes: number) => void
}

/** Reads all lines of a trail, in order, into the tree. */
export class Lines {
  readonly account: AccountBook = new AccountBook()
  #unprovenBytes = 0
  #unprovenFirstTime: string | null = null
  readonly #parts: LinesParts
  readonly #bytes = pieceBuffer()
  /** Where the latest lines are: the first index of the segment, and the offset in it. */
  readonly #segments = new Float64Array(TILE)
  readonly #offsets = new Float64Array(TILE)
  /** Bytes that belong to no line, by what a damage record must say to name them. */
  readonly #strays = new Map<string, { place: FaultPlace; bytes: number; behind: number }>()
  #firsts: number[] = []
  #segment: SegmentReader | undefined
  #position = 0
  #nextMark = 0
  #broken = false
  #isListed = false

  constructor(parts: LinesParts) {
    this.#parts = parts
    this.#passMarks(null)
  }

  /** Where a line of the latest 256 is. */
  placeOf(leaf: number): FaultPlace {
    const slot = leaf % TILE
    return { file: segmentPath(this.#segments[slot] ?? 0), offset: this.#offsets[slot] ?? 0, leaf }
  }

  /** Reads as far as there are lines now. After a break there are none. */
  async readOn(): Promise<void> {
    this.#firsts = this.#list()
    while (!this.#broken && (await this.#readSegment()));
  }

  /** What lies behind the checkpoint. */
  unproven(): Verdict['unproven'] {
    const records = Math.max(this.#parts.tree.size - this.#parts.proven, 0)
    return { records, bytes: this.#unprovenBytes, firstTime: this.#unprovenFirstTime }
  }

  /** Says what is wrong behind the lines, once all have been read. */
  async finish(): Promise<void> {
    const { faults, proven } = this.#parts
    const { tail, path, offset } = this.#segment ?? { tail: Buffer.alloc(0), path: '', offset: 0 }
    if (!this.#broken) {
      this.#unprovenBytes += tail.length
      if (!beginsLine(tail)) faults.add('LINE_FORM', { file: path, offset, leaf: this.#parts.tree.size })
    }
    for (const { place, bytes, behind } of this.#strays.values()) {
      // At the edge of what is proven, these are lines that were never made durable and are about to be cut off.
      if (behind >= proven) this.#unprovenBytes += bytes
      else faults.add('STRAY_BYTES', place, `${bytes} bytes.`)
    }
    await this.#segment?.close()
  }

  /** The list is read again and again; what is wrong with it is said once. */
  #list(): number[] {
    const faults = this.#isListed ? new Faults() : this.#parts.faults
    this.#isListed = true
    return listSegments(this.#parts.files, faults)
  }

  /** Whether there may be more to read. */
  async #readSegment(): Promise<boolean> {
    const { tree, read } = this.#parts
    const first = this.#firsts[this.#position]
    if (first === undefined) return false
    if (this.#segment?.first !== first && !(await this.#open(first))) return false
    const segment = this.#segment
    if (segment === undefined) return false
    const next = this.#firsts[this.#position + 1]
    const most = (next ?? Number.POSITIVE_INFINITY) - tree.size
    const end = await segment.readOn(most, this.#take, read)
    if (end === 'refused') return this.#break(segment)
    if (next !== undefined) return end === 'limit' ? this.#leave(segment, next) : this.#gap(segment, next)
    const before = this.#firsts.length
    this.#firsts = this.#list()
    return this.#firsts.length > before
  }

  async #open(first: number): Promise<boolean> {
    const { files, faults, tree } = this.#parts
    const file = segmentPath(first)
    if (first === tree.size) {
      this.#segment = await SegmentReader.open(files, first, this.#bytes)
      if (this.#segment !== undefined) return true
      faults.add('MISSING', { file })
    } else if (this.#position === 0) faults.add('MISSING', { file: segmentPath(0) })
    // It came while the one before it was read, which will be cut where it begins.
    else faults.add('SEGMENT_GAP', { file, leaf: first })
    this.#broken = true
    return false
  }

  #gap({ path, offset }: SegmentReader, next: number): false {
    this.#broken = true
    const { faults, tree } = this.#parts
    const place = { file: path, offset, leaf: tree.size, leaves: next - tree.size }
    faults.add('SEGMENT_GAP', place, `It ends before record ${tree.size}; the next one begins with record ${next}.`)
    return false
  }

  async #leave(segment: SegmentReader, next: number): Promise<boolean> {
    const { path, offset } = segment
    const bytes = (await segment.size()) - offset
    await segment.close()
    this.#position += 1
    if (bytes > 0) {
      const stray = { place: { file: path, offset, leaf: next }, bytes, behind: next }
      if (this.#strays.size < MOST_STRAYS) this.#strays.set(`${path} ${offset} ${bytes}`, stray)
      else this.#parts.faults.add('STRAY_BYTES', stray.place)
    }
    return true
  }

  async #break(segment: SegmentReader): Promise<false> {
    this.#broken = true
    this.#parts.faults.add('LINE_FORM', { file: segment.path, offset: segment.offset, leaf: this.#parts.tree.size })
    this.#unprovenBytes += (await segment.size()) - segment.offset
    return false
  }

  readonly #take = (bytes: Buffer, start: number, end: number, offset: number, kind: number): boolean => {
    const { tree, proven, marks } = this.#parts
    const leaf = tree.size
    if (end - start > MOST_LINE_BYTES) return false
    const mark = marks[this.#nextMark]
    const isMark = leaf + 1 === mark?.size
    this.#segments[leaf % TILE] = this.#segment?.first ?? 0
    this.#offsets[leaf % TILE] = offset
    const isTold = leaf === 0 || (kind >= 0 && toldKind.test(bytes.toString('latin1', kind, kind + LONGEST_KIND)))
    const record = leaf >= proven || isMark || isTold ? parseLine(bytes.subarray(start, end)) : undefined
    if (leaf >= proven && !this.#addUnproven(record, end + 1 - start)) return false
    if (isTold) this.#note(leaf, record)
    tree.push(hashLeafAt(bytes, start, end))
    if (isMark) this.#passMarks(textIn(record ?? {}, 'time'))
    return true
  }

  #passMarks(lastTime: string | null): void {
    const { tree, marks } = this.#parts
    for (; marks[this.#nextMark]?.size === tree.size; this.#nextMark += 1) marks[this.#nextMark]?.reached(lastTime)
  }

  #addUnproven(record: Json | undefined, bytes: number): boolean {
    if (record === undefined) return false
    this.#unprovenBytes += bytes
    this.#unprovenFirstTime ??= textIn(record, 'time')
    return true
  }

  #note(leaf: number, record: Json | undefined): void {
    const { proven, trailHash, faults } = this.#parts
    if (record === undefined) {
      faults.add('LINE_FORM', this.placeOf(leaf))
      return
    }
    const kind = textIn(record, 'kind') ?? ''
    if (leaf === 0 && kind !== 'start') faults.add('START_MISSING', this.placeOf(leaf))
    const told = objectIn(record, kind)
    if (kind === 'start' && trailHash !== undefined && told.trail !== trailHash) {
      faults.add('START_DIFFERS', this.placeOf(leaf))
    }
    if (leaf < proven) this.account.add(leaf, kind, record)
    if (kind === 'damage') this.#nameStray(leaf, told)
  }

  #nameStray(leaf: number, told: Json): void {
    const { file, offset, bytes } = damageOf(told)
    const name = `${file} ${offset} ${bytes}`
    if (this.#strays.delete(name) && leaf >= this.#parts.proven) this.#unprovenBytes += bytes
  }
}
