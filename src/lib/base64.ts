/** The bytes that a text of base64 stands for (RFC 4648, section 4); `undefined` where their base64 is another text. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
