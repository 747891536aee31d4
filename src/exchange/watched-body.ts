/** What is told of a body on its way to the client. */
export interface BodyWatch {
  /** How many bytes the head declared; undefined where it did not. */
  readonly declared: number | undefined
  /** Runs what reads from the app's own stream. */
  run<Result>(read: () => Result): Result
  /** The body is complete but for its last part, which waits for the answer: whether it may go out. */
  complete(): Promise<boolean> | undefined
  /** The app's stream has failed. */
  failed(error: unknown): void
  /** The client no longer reads. */
  cancelled(): void
}

type Reader = ReadableStreamDefaultReader<unknown>
type Controller = ReadableStreamDefaultController<unknown> | ReadableByteStreamController

/**
 * The same body, part for part and as fast as it is read, whose end is seen. A part is passed on as it is, a stream of
 * bytes stays one. It ahead of its reader by nothing, so that the app's stream feels the client's own pace.
 */
export function watchBody(body: ReadableStream<unknown>, watch: BodyWatch): ReadableStream {
  const isBytes = readsBytes(body)
  let reader: Reader | undefined
  let sent = 0
  const source = {
    async pull(controller: Controller): Promise<void> {
      const { done, value } = await next()
      if (done) {
        await allowed(watch)
        close(controller)
        return
      }
      sent += lengthOf(value)
      if (watch.declared !== undefined && sent >= watch.declared) await allowed(watch)
      controller.enqueue(value as never)
    },
    async cancel(reason: unknown): Promise<void> {
      watch.cancelled()
      await watch.run(() => readerOf().cancel(reason))
    },
  }
  const readerOf = (): Reader => {
    reader ??= body.getReader()
    return reader
  }
  const next = async (): Promise<Awaited<ReturnType<Reader['read']>>> => {
    try {
      for (;;) {
        const part = await watch.run(() => readerOf().read())
        // A stream of bytes takes no empty part, and asks for no other one after it.
        if (part.done || !isBytes || lengthOf(part.value) > 0) return part
      }
    } catch (error) {
      watch.failed(error)
      throw error
    }
  }
  return isBytes ? new ReadableStream({ type: 'bytes', ...source }) : new ReadableStream(source, { highWaterMark: 0 })
}

async function allowed(watch: BodyWatch): Promise<void> {
  const answer = watch.complete()
  if (answer !== undefined && !(await answer)) throw new Error('The record of this response could not be kept.')
}

function close(controller: Controller): void {
  controller.close()
  // Who reads into a buffer of his own waits for an answer of its own.
  if ('byobRequest' in controller) controller.byobRequest?.respond(0)
}

function readsBytes(body: ReadableStream<unknown>): boolean {
  try {
    ;(body as ReadableStream<Uint8Array>).getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}

function lengthOf(part: unknown): number {
  return ArrayBuffer.isView(part) ? part.byteLength : 0
}
