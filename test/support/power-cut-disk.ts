/*
 * A disk in memory that knows what would survive a power cut.
 *
 *   const state = new DiskState()
 *   state.apply(…)                            // done by `diskOn(state)`, whose operations are those of a real disk
 *   state.survivor(randomPowerCut(random))    // one of the states that the platters may be in
 *
 * What is promised of a disk, and no more: a successful sync of a file keeps what had been written, and the size, when it was issued; a
 * successful sync of a directory keeps the names that had been made, changed or removed in it. Of the rest, each page of 4 KiB may have any content that it
 * had since, the size may be any between those it had, each name may be there or not. A rename is atomic, but its old name may be left. After a sync that failed, what
 * it should have kept may be lost even when a later one succeeds (https://lwn.net/Articles/752063/).
 */
import { basename, dirname } from 'node:path'
import type { Disk, DiskFile, DiskStat } from '../../src/trail/disk.ts'
import { systemError } from './disk-operations.ts'

const pageSize = 4096

/** A change, as plain data, so that a run can be gone through again. Files and directories are known by their inode's number. */
export type Change =
  | { readonly type: 'mkdir' | 'create' | 'unlink' | 'rmdir'; readonly parent: number; readonly name: string }
  | {
      readonly type: 'rename'
      readonly parent: number
      readonly name: string
      readonly toParent: number
      readonly toName: string
    }
  | { readonly type: 'write'; readonly ino: number; readonly bytes: Buffer; readonly position: number }
  | { readonly type: 'truncate'; readonly ino: number; readonly size: number }
  | { readonly type: 'sync issued' | 'sync done' | 'sync failed'; readonly ino: number; readonly sync: number }
  | { readonly type: 'power cut'; readonly cut: () => PowerCut }

/** Decides what survives. */
export interface PowerCut {
  /** Which of `count` contents a page has, of which 0 is the one that is surely on disk and the last the newest. */
  page(count: number, page: number, pages: number): number
  /** The size of a file, of those it had since its last sync, the oldest first. */
  size(sizes: readonly number[]): number
  /** Whether a change of a directory is on disk. */
  entry(): boolean
}

export const nothingUnsynced: PowerCut = { page: () => 0, size: ([size]) => size as number, entry: () => false }
/** What a killed process leaves: the system writes it all in the end. */
export const everythingUnsynced: PowerCut = {
  page: (count) => count - 1,
  size: (sizes) => sizes.at(-1) as number,
  entry: () => true,
}
/** Of the pages of each file that were not synced, the second half; every size and name. */
export const onlyLaterPages: PowerCut = {
  ...everythingUnsynced,
  page: (count, page, pages) => (2 * page >= pages ? count - 1 : 0),
}

/** Any of it, as `random` (0 to 1) says. */
export function randomPowerCut(random: () => number): PowerCut {
  const below = (count: number): number => Math.floor(random() * count)
  const entries = random()
  return {
    page: (count) => (random() < 0.5 ? below(count) : random() < 0.5 ? 0 : count - 1),
    size: (sizes) => {
      if (random() < 0.6) return sizes[below(sizes.length)] as number
      const low = Math.min(...sizes)
      return low + below(Math.max(...sizes) - low + 1)
    },
    entry: () => random() < entries,
  }
}

/** A small generator of numbers from 0 to 1 (mulberry32, by Tommy Ettinger, public domain). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Version<Value> {
  readonly value: Value
  /** When it came to be, in the order of all changes. */
  readonly at: number
  /** Written by a sync that failed: a later one does not write it again. */
  isDoubtful?: boolean
}

class FileNode {
  readonly kind = 'file'
  bytes: Buffer = Buffer.alloc(0)
  size = 0
  synced: Buffer = Buffer.alloc(0)
  syncedSize = 0
  pages: Map<number, Version<Buffer>[]> = new Map()
  sizes: Version<number>[] = []

  write(bytes: Buffer, position: number, at: number): void {
    this.#reserve(position + bytes.length)
    bytes.copy(this.bytes, position)
    const from = Math.min(position, this.size)
    this.#keepPages(from, position + bytes.length, at)
    if (position + bytes.length < this.size) return
    // Where the end is written again, its place is as well.
    this.size = position + bytes.length
    this.sizes.push({ value: this.size, at })
  }

  truncate(size: number, at: number): void {
    const before = this.size
    this.#reserve(size)
    this.bytes.fill(0, Math.min(size, before))
    this.size = size
    this.sizes.push({ value: size, at })
    this.#keepPages(Math.min(size, before), Math.max(size, before), at)
  }

  syncDone(issued: number): void {
    for (const [page, versions] of this.pages) {
      const kept = versions.findLastIndex(({ at, isDoubtful }) => at <= issued && isDoubtful !== true)
      if (kept === -1) continue
      this.synced = ensure(this.synced, (page + 1) * pageSize)
      ;(versions[kept] as Version<Buffer>).value.copy(this.synced, page * pageSize)
      versions.splice(0, kept + 1)
      if (versions.length === 0) this.pages.delete(page)
    }
    const kept = this.sizes.findLastIndex(({ at, isDoubtful }) => at <= issued && isDoubtful !== true)
    if (kept !== -1) this.syncedSize = (this.sizes.splice(0, kept + 1).at(-1) as Version<number>).value
  }

  syncFailed(issued: number): void {
    for (const versions of [this.sizes, ...this.pages.values()]) {
      for (const version of versions) if (version.at <= issued) version.isDoubtful = true
    }
  }

  survivor(cut: PowerCut): FileNode {
    const size = cut.size([this.syncedSize, ...this.sizes.map(({ value }) => value)])
    const node = new FileNode()
    node.bytes = Buffer.alloc(Math.ceil(size / pageSize) * pageSize)
    this.synced.copy(node.bytes, 0, 0, node.bytes.length)
    const pages = node.bytes.length / pageSize
    for (const [page, versions] of this.pages) {
      const chosen = cut.page(versions.length + 1, page, pages)
      if (page < pages && chosen > 0) (versions[chosen - 1] as Version<Buffer>).value.copy(node.bytes, page * pageSize)
    }
    node.bytes.fill(0, size)
    node.size = node.syncedSize = size
    node.synced = Buffer.from(node.bytes)
    return node
  }

  #reserve(size: number): void {
    if (size > this.bytes.length) this.bytes = ensure(this.bytes, Math.max(size, 2 * this.bytes.length))
  }

  #keepPages(from: number, to: number, at: number): void {
    if (to <= from) return
    for (let page = Math.floor(from / pageSize); page * pageSize < to; page++) {
      const value = Buffer.alloc(pageSize)
      this.bytes.copy(value, 0, page * pageSize, (page + 1) * pageSize)
      const versions = this.pages.get(page)
      if (versions === undefined) this.pages.set(page, [{ value, at }])
      else versions.push({ value, at })
    }
  }
}

function ensure(bytes: Buffer, size: number): Buffer {
  const length = Math.ceil(size / pageSize) * pageSize
  if (bytes.length >= length) return bytes
  const longer = Buffer.alloc(length)
  bytes.copy(longer)
  return longer
}

interface EntryChange {
  readonly name: string
  /** Undefined where the name goes away. */
  readonly ino: number | undefined
  readonly at: number
  /** For the old name of a rename: what gives the new one. */
  readonly after?: { readonly parent: number; readonly change: EntryChange }
}

class DirectoryNode {
  readonly kind = 'directory'
  readonly entries: Map<string, number> = new Map()
  readonly synced: Map<string, number> = new Map()
  pending: EntryChange[] = []

  change(change: EntryChange): void {
    enter(this.entries, change)
    this.pending.push(change)
  }
}

function enter(entries: Map<string, number>, { name, ino }: EntryChange): void {
  if (ino === undefined) entries.delete(name)
  else entries.set(name, ino)
}

const rootIno = 1

/** The state of a disk: what its readers see, and what would be left of it. The root directory is there. */
export class DiskState {
  #nodes: Map<number, FileNode | DirectoryNode> = new Map([[rootIno, new DirectoryNode()]])
  #changes = 0
  #nextIno = rootIno + 1
  readonly #issued: Map<number, number> = new Map()

  /** Applies a change; for a new file or directory, its inode's number. */
  apply(change: Change): number {
    const at = ++this.#changes
    switch (change.type) {
      case 'mkdir':
      case 'create': {
        const ino = this.#nextIno++
        this.#nodes.set(ino, change.type === 'mkdir' ? new DirectoryNode() : new FileNode())
        this.directory(change.parent).change({ name: change.name, ino, at })
        return ino
      }
      case 'unlink':
      case 'rmdir':
        this.directory(change.parent).change({ name: change.name, ino: undefined, at })
        return 0
      case 'rename':
        this.#rename(change, at)
        return 0
      case 'write':
        this.file(change.ino).write(change.bytes, change.position, at)
        return 0
      case 'truncate':
        this.file(change.ino).truncate(change.size, at)
        return 0
      case 'sync issued':
        this.#issued.set(change.sync, at)
        return 0
      case 'sync done':
        this.#syncDone(change.ino, this.#issued.get(change.sync) ?? at)
        return 0
      case 'sync failed':
        if (this.#nodes.get(change.ino)?.kind === 'file')
          this.file(change.ino).syncFailed(this.#issued.get(change.sync) ?? at)
        return 0
      case 'power cut':
        this.#nodes = this.survivor(change.cut()).#nodes
        return 0
    }
  }

  /** A state that the disk may be in after a power cut now; all of it is on the platters. */
  survivor(cut: PowerCut): DiskState {
    const state = new DiskState()
    state.#nextIno = this.#nextIno
    const kept = new Set<EntryChange>()
    for (const [, node] of this.#nodes) {
      if (node.kind === 'directory') for (const change of node.pending) if (cut.entry()) kept.add(change)
    }
    for (const change of [...kept]) if (change.after !== undefined) kept.add(change.after.change)
    const visit = (ino: number): void => {
      const node = this.#nodes.get(ino)
      if (node?.kind === 'file') state.#nodes.set(ino, node.survivor(cut))
      if (node?.kind !== 'directory') return
      const directory = new DirectoryNode()
      state.#nodes.set(ino, directory)
      const entries = new Map(node.synced)
      for (const change of node.pending) if (kept.has(change)) enter(entries, change)
      for (const [name, child] of entries) {
        directory.entries.set(name, child)
        directory.synced.set(name, child)
        if (!state.#nodes.has(child)) visit(child)
      }
    }
    visit(rootIno)
    return state
  }

  /** The inode at a path; undefined where nothing is. */
  lookUp(path: string): number | undefined {
    let ino: number | undefined = rootIno
    for (const name of path.split('/').filter((part) => part !== '' && part !== '.')) {
      const node: FileNode | DirectoryNode | undefined = ino === undefined ? undefined : this.#nodes.get(ino)
      ino = node?.kind === 'directory' ? node.entries.get(name) : undefined
    }
    return ino
  }

  node(ino: number): FileNode | DirectoryNode {
    return this.#nodes.get(ino) as FileNode | DirectoryNode
  }

  file(ino: number): FileNode {
    const node = this.node(ino)
    if (node.kind !== 'file') throw systemError('EISDIR', 'open')
    return node
  }

  directory(ino: number): DirectoryNode {
    const node = this.node(ino)
    if (node.kind !== 'directory') throw systemError('ENOTDIR', 'scandir')
    return node
  }

  /** Every file below a path: its path from there, and its bytes. Directories have none. */
  *files(path: string): Generator<readonly [path: string, bytes: Buffer | undefined]> {
    const ino = this.lookUp(path)
    if (ino === undefined) return
    for (const [name, child] of this.directory(ino).entries) {
      const node = this.node(child)
      yield [name, node.kind === 'file' ? node.bytes.subarray(0, node.size) : undefined]
      if (node.kind === 'directory') {
        for (const [below, bytes] of this.files(`${path}/${name}`)) yield [`${name}/${below}`, bytes]
      }
    }
  }

  #rename(change: Change & { readonly type: 'rename' }, at: number): void {
    const { parent, name, toParent, toName } = change
    const ino = this.directory(parent).entries.get(name) as number
    const gives: EntryChange = { name: toName, ino, at }
    this.directory(toParent).change(gives)
    this.directory(parent).change({ name, ino: undefined, at, after: { parent: toParent, change: gives } })
  }

  #syncDone(ino: number, issued: number): void {
    const node = this.#nodes.get(ino)
    if (node?.kind === 'file') node.syncDone(issued)
    if (node?.kind !== 'directory') return
    const [kept, rest] = [node.pending.filter(({ at }) => at <= issued), node.pending.filter(({ at }) => at > issued)]
    node.pending = rest
    for (const change of kept) {
      enter(node.synced, change)
      if (change.after === undefined) continue
      // The old name is surely gone, so the new one is surely there.
      const target = this.directory(change.after.parent)
      if (!target.pending.includes(change.after.change)) continue
      target.pending = target.pending.filter((other) => other !== change.after?.change)
      enter(target.synced, change.after.change)
    }
  }
}

/** What happens on a disk, as it goes on. */
export interface DiskWatch {
  /** A change is about to be made. */
  change(change: Change): void
  /** Resolves when a sync that was issued may be done; a sync that rejects has failed. */
  syncing?(): Promise<void>
}

/** A disk on a state. */
export function diskOn(state: DiskState, watch: DiskWatch = { change: () => undefined }): Disk {
  let syncs = 0
  const apply = (change: Change): number => {
    watch.change(change)
    return state.apply(change)
  }
  const parentOf = (path: string): number => {
    const parent = state.lookUp(dirname(path))
    if (parent === undefined) throw systemError('ENOENT', 'open')
    return parent
  }
  const found = (path: string): number => {
    const ino = state.lookUp(path)
    if (ino === undefined) throw systemError('ENOENT', 'open')
    return ino
  }
  const sync = async (ino: number): Promise<void> => {
    const number = syncs++
    apply({ type: 'sync issued', ino, sync: number })
    try {
      await watch.syncing?.()
    } catch (error) {
      apply({ type: 'sync failed', ino, sync: number })
      throw error
    }
    apply({ type: 'sync done', ino, sync: number })
  }
  const make = (type: 'mkdir' | 'create', path: string): number => {
    if (state.lookUp(path) !== undefined) throw systemError('EEXIST', 'open')
    return apply({ type, parent: parentOf(path), name: basename(path) })
  }
  return {
    mkdir: async (path) => void make('mkdir', path),
    open: async (path, how) => {
      const ino = how === 'create' ? make('create', path) : found(path)
      state.file(ino)
      return fileOn(state, ino, apply, sync, () => syncs++)
    },
    list: async (path) => [...state.directory(found(path)).entries.keys()].sort(),
    stat: async (path) => {
      const ino = state.lookUp(path)
      return ino === undefined ? undefined : statOf(state, ino)
    },
    rename: async (from, to) => {
      const ino = found(from)
      const target = state.lookUp(to)
      if (target !== undefined && state.node(target).kind !== state.node(ino).kind)
        throw systemError('EISDIR', 'rename')
      const names = { name: basename(from), toName: basename(to) }
      apply({ type: 'rename', parent: parentOf(from), toParent: parentOf(to), ...names })
    },
    unlink: async (path) => {
      state.file(found(path))
      apply({ type: 'unlink', parent: parentOf(path), name: basename(path) })
    },
    rmdir: async (path) => {
      if (state.directory(found(path)).entries.size > 0) throw systemError('ENOTEMPTY', 'rmdir')
      apply({ type: 'rmdir', parent: parentOf(path), name: basename(path) })
    },
    syncDirectory: async (path) => {
      const ino = found(path)
      state.directory(ino)
      await sync(ino)
    },
    fileSystem: async () => 'local',
  }
}

function fileOn(
  state: DiskState,
  ino: number,
  apply: (change: Change) => number,
  sync: (ino: number) => Promise<void>,
  nextSync: () => number,
): DiskFile {
  return {
    writeSync: (bytes, position) => {
      apply({ type: 'write', ino, bytes: Buffer.from(bytes), position })
      return bytes.length
    },
    read: async (into, position) => {
      const { bytes, size } = state.file(ino)
      return position >= size ? 0 : bytes.copy(into, 0, position, Math.min(size, position + into.length))
    },
    datasync: () => sync(ino),
    datasyncSync: () => {
      const number = nextSync()
      apply({ type: 'sync issued', ino, sync: number })
      apply({ type: 'sync done', ino, sync: number })
    },
    truncate: async (size) => void apply({ type: 'truncate', ino, size }),
    stat: async () => statOf(state, ino),
    close: async () => undefined,
  }
}

function statOf(state: DiskState, ino: number): DiskStat {
  const node = state.node(ino)
  return node.kind === 'file'
    ? { dev: 1, ino, size: node.size, mode: 0o600, kind: 'file' }
    : { dev: 1, ino, size: 0, mode: 0o700, kind: 'directory' }
}
