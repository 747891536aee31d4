/** What a client gets in place of a response whose record could not be kept (RFC 9457). */
export const refusal = {
  status: 503,
  contentType: 'application/problem+json',
  body: '{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"The record that must be kept of this request could not be written."}',
} as const

/** Its head on HTTP/1, but for the empty line. */
export function refusalHead(): string {
  return [
    `HTTP/1.1 ${refusal.status} Service Unavailable`,
    `Content-Type: ${refusal.contentType}`,
    `Content-Length: ${refusal.body.length}`,
    `Date: ${new Date().toUTCString()}`,
    'Connection: close',
  ].join('\r\n')
}
