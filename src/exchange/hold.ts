import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { HoldOptions } from './held-response.ts'
import { holdHttp1 } from './hold-http1.ts'
import { holdHttp2 } from './hold-http2.ts'

export type { HoldEnd, HoldOptions } from './held-response.ts'
export { heldHead } from './hold-http2.ts'

/**
 * Holds back the last part of a response until its record is safe; to be called before the handler runs. Its bytes are
 * those of bare Node; parts of a stream go out as they come. Interim responses (1xx) are never held.
 */
export function holdResponse(res: ServerResponse | Http2ServerResponse, options: HoldOptions): void {
  if ('stream' in res) holdHttp2(res, options)
  else holdHttp1(res, options)
}
