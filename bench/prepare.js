// Installs what the bench compares griffier with, where it is missing or out of date, and builds griffier.
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const modified = (path) => statSync(`${root}bench/${path}`, { throwIfNoEntry: false })?.mtimeMs ?? 0

function npm(...args) {
  const { status } = spawnSync('npm', args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

if (modified('node_modules/.package-lock.json') < modified('package-lock.json')) npm('ci', '--prefix', 'bench')
npm('run', 'build')
