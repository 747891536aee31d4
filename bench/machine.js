// What the bench asks of Linux: who runs where, and what a process has used. It reads /proc, so it runs nowhere else.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'

const TICKS_PER_SECOND = Number(spawnSync('getconf', ['CLK_TCK']).stdout) || 100

/** The first two cores that this process may use, for server and load; in a container they need not be 0 and 1. */
const [serverCore, loadCore] = allowedCores()

/** True where server and load get a core each. */
export const pinned = loadCore !== undefined && spawnSync('taskset', ['--version']).status === 0

/** Moves this process, which makes the load, to the second core. */
export function pinLoad() {
  if (pinned) spawnSync('taskset', ['-a', '-c', '-p', String(loadCore), String(process.pid)])
}

/** The command that runs Node on the first core. */
export function pinnedNode(args) {
  return pinned ? ['taskset', ['-c', String(serverCore), process.execPath, ...args]] : [process.execPath, args]
}

function allowedCores() {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/** CPU in µs, user and system, that a process, its threads and all its descendants have used. */
export function cpuOf(pid) {
  return treeOf(pid).reduce((total, member) => total + ownCpu(member), 0)
}

/** The most memory in MB that a process and its descendants have held. */
export function peakMemoryOf(pid) {
  const peak = (member) => Number(/VmHWM:\s+(\d+) kB/.exec(readProcess(`${member}/status`))?.[1] ?? 0)
  return treeOf(pid).reduce((total, member) => total + peak(member), 0) / 1024
}

function ownCpu(pid) {
  // After the name in brackets, which may hold spaces: utime, stime, and those of children that have ended.
  const fields = readProcess(`${pid}/stat`).split(') ').at(-1).split(' ')
  const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0)
  return (ticks / TICKS_PER_SECOND) * 1e6
}

function treeOf(pid) {
  const threads = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : []
  const children = threads.flatMap((thread) =>
    readProcess(`${pid}/task/${thread}/children`).trim().split(' ').filter(Boolean),
  )
  return [pid, ...children.flatMap(treeOf)]
}

/** What there is to read about a process or a thread: nothing of one that has just ended. */
function readProcess(path) {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return ''
    throw error
  }
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
  const cores = pinned ? `server on core ${serverCore}, load on core ${loadCore}` : 'nothing pinned'
  return `${cpu}, ${os.cpus().length} cores (${cores}), Node ${process.version}, Linux ${os.release()}, ${fileSystem}`
}
