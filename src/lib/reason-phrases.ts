/**
 * IANA's HTTP status code registry (https://www.iana.org/assignments/http-status-codes), which has RFC 9110's names.
 * 418 and 509, which it does not name, are RFC 2324's and the one in common use, as Node sends them.
 */
const phrases: { readonly [status: number]: string } = {
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  418: "I'm a Teapot",
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  509: 'Bandwidth Limit Exceeded',
  510: 'Not Extended',
  511: 'Network Authentication Required',
}

/** Earlier names of the same, which Node and others still send (RFC 2616, RFC 7231, RFC 4918, RFC 2774). */
const formerPhrases: { readonly [status: number]: readonly string[] } = {
  302: ['Moved Temporarily'],
  408: ['Request Time-out'],
  413: ['Payload Too Large', 'Request Entity Too Large'],
  414: ['Request-URI Too Long', 'Request-URI Too Large'],
  416: ['Requested Range Not Satisfiable'],
  422: ['Unprocessable Entity'],
  425: ['Unordered Collection'],
  504: ['Gateway Time-out'],
}

/** The standard phrase of a status, the same on every version of Node; undefined where there is none. */
export function reasonPhrase(status: number): string | undefined {
  return phrases[status]
}

/** Whether the phrase is a standard's for this status, of today or of before, in whatever case. */
export function isStandardPhrase(status: number, phrase: string): boolean {
  const standard = phrases[status]
  if (standard === undefined) return false
  const asked = phrase.toLowerCase()
  return [standard, ...(formerPhrases[status] ?? [])].some((known) => known.toLowerCase() === asked)
}
