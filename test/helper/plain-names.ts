import { KeyNames } from '../../src/cache/keys.ts'
import { createCodec } from '../../src/settings/codec.ts'

/** The names of the keys without a prefix. */
export const PLAIN_NAMES = new KeyNames('')
/** Documents as Redis holds them under those names. */
export const PLAIN_CODEC = createCodec(PLAIN_NAMES)
