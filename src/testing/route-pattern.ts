/** A parameter, with an expression of its own in braces (Hono) or brackets (Fastify) and perhaps optional; a wildcard; what an expression reads otherwise. */
const PARTS = /(\/?):(\w+)(?:\{([^}]*)\}|\(((?:[^()]|\([^()]*\))*)\))?(\??)|\/\*$|\*|[.+?^${}()|[\]\\]/g

/** What a path as Fastify and Hono write them matches. */
export function patternOf(path: string): RegExp {
  const source = path.replace(
    PARTS,
    (
      part,
      slash: string | undefined,
      name: string | undefined,
      braced?: string,
      bracketed?: string,
      optional?: string,
    ) => {
      if (name !== undefined) {
        const value = `${slash}(?:${inner(braced ?? bracketed)})`
        return optional === '?' ? `(?:${value})?` : value
      }
      if (part === '/*') return '(?:/.*)?'
      return part === '*' ? '.*' : `\\${part}`
    },
  )
  return new RegExp(`^${source}/?$`)
}

/** Without anchors, which stand for the parameter's own ends. */
function inner(expression: string | undefined): string {
  return expression === undefined ? '[^/]+?' : expression.replace(/^\^|\$$/g, '')
}
