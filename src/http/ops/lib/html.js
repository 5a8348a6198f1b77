import htm from '../vendor/htm.mjs'
import { h } from '../vendor/preact.mjs'

/** Makes elements from templates. Values become text, never markup, because settings hold texts of users. */
export const html = htm.bind(h)

export { Fragment, render } from '../vendor/preact.mjs'
export { useEffect, useId, useLayoutEffect, useRef, useState } from '../vendor/preact-hooks.mjs'
