import { partsOf } from './documents.js'

/** The schemas of the documents, from the gateway's own OpenAPI document: titles, units, bounds. */

/** @type {Promise<any> | undefined} */
let schemas

/** @returns {Promise<any>} the schemas of the OpenAPI document by name; asked once */
export function loadSchemas() {
  schemas ??= fetch(new URL('../docs/json', document.baseURI)).then(async answer => {
    if (!answer.ok) throw new Error(`the schemas cannot be read: ${answer.status}`)
    return (await answer.json()).components.schemas
  })
  // Tried again by the next page.
  schemas.catch(() => {
    schemas = undefined
  })
  return schemas
}

/** @param {any} all @param {string} kind @returns {any} the schema of the data of a document; undefined if unknown */
export function schemaOf(all, kind) {
  const name = partsOf(kind).family.family.replaceAll(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase())
  const schema = all[`${name}Data`]
  return schema && resolve(schema, all)
}

/** Replaces references; the schemas of documents hold no cycles. */
function resolve(schema, all) {
  if (Array.isArray(schema)) return schema.map(each => resolve(each, all))
  if (schema === null || typeof schema !== 'object') return schema
  if (typeof schema.$ref === 'string') return resolve(all[schema.$ref.split('/').at(-1)], all)
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [name, name === 'examples' ? value : resolve(value, all)]),
  )
}

/** True when a schema is a group of fields of its own. @param {any} schema */
export function isGroup(schema) {
  return schema?.type === 'object' && schema.properties !== undefined
}

/**
 * Every field of a document that is no group.
 * @param {any} all
 * @param {string} kind
 * @returns {{ path: string, titles: readonly string[] }[]}
 */
export function leavesOf(all, kind) {
  const collect = (schema, path, titles) =>
    isGroup(schema)
      ? Object.entries(schema.properties).flatMap(([name, child]) =>
          collect(child, [...path, name], [...titles, child.title ?? name]),
        )
      : [{ path: path.join('.'), titles }]
  const schema = schemaOf(all, kind)
  return schema === undefined ? [] : collect(schema, [], [])
}
