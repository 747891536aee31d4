const reopeners = new Set<() => void>()

/**
 * Calls `reopen` whenever the process gets SIGHUP, which is how logrotate asks for a new file; gives the way to stop that.
 * One listener serves all files, and none is left when no file is open.
 */
export function onHangup(reopen: () => void): () => void {
  if (process.platform === 'win32') return () => undefined
  if (reopeners.size === 0) process.on('SIGHUP', reopenAll)
  reopeners.add(reopen)
  return () => {
    reopeners.delete(reopen)
    if (reopeners.size === 0) process.removeListener('SIGHUP', reopenAll)
  }
}

function reopenAll(): void {
  for (const reopen of reopeners) reopen()
}
