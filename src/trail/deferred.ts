/** A promise and what settles it. Nobody has to handle its rejection. */
export interface Deferred {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

/** A promise that is settled from outside. */
export function deferred(): Deferred {
  let resolve: () => void = ignore
  let reject: (error: unknown) => void = ignore
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil
    reject = refuse
  })
  promise.catch(ignore)
  return { promise, resolve, reject }
}

function ignore(): void {
  // What a promise was rejected with is told to whoever waits for it.
}
