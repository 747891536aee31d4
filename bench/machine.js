// What the bench asks of Linux: who runs where, and what a process has used. It reads /proc, so it runs nowhere else.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'

const TICKS_PER_SECOND = Number(spawnSync('getconf', ['CLK_TCK']).stdout) || 100

/** True where server and load get a core each. */
export const pinned = os.availableParallelism() >= 2 && spawnSync('taskset', ['--version']).status === 0

/** Moves this process, which makes the load, to core 1. */
export function pinLoad() {
  if (pinned) spawnSync('taskset', ['-a', '-c', '-p', '1', String(process.pid)])
}

/** The command that runs Node on core 0. */
export function pinnedNode(args) {
  return pinned ? ['taskset', ['-c', '0', process.execPath, ...args]] : [process.execPath, args]
}

/** CPU in µs, user and system, that a process, its threads and all its descendants have used. */
export function cpuOf(pid) {
  return treeOf(pid).reduce((total, member) => total + ownCpu(member), 0)
}

/** The most memory in MB that a process and its descendants have held. */
export function peakMemoryOf(pid) {
  const peak = (member) => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${member}/status`, 'utf8'))?.[1] ?? 0)
  return treeOf(pid).reduce((total, member) => total + peak(member), 0) / 1024
}

function ownCpu(pid) {
  // After the name in brackets, which may hold spaces: utime, stime, and those of children that have ended.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')
  const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0)
  return (ticks / TICKS_PER_SECOND) * 1e6
}

function treeOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`)
  const children = threads.flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean),
  )
  return [pid, ...children.flatMap(treeOf)]
}

/** One line about this machine, and the file system that the records go to. */
export function describeMachine(directory) {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, at]) => directory === at || directory.startsWith(at === '/' ? at : `${at}/`))
  const fileSystem = mounts.sort(([, a], [, b]) => b.length - a.length)[0]?.[2] ?? 'unknown'
  const cpu = os.cpus()[0]?.model.trim() ?? 'unknown'
  const cores = pinned ? 'server on core 0, load on core 1' : 'nothing pinned'
  return `${cpu}, ${os.cpus().length} cores (${cores}), Node ${process.version}, Linux ${os.release()}, ${fileSystem}`
}
