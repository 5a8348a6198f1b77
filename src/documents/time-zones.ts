import { distance } from 'fastest-levenshtein'
import { TIME_ZONE_NAMES } from './time-zone-names.ts'

const names = Object.entries(TIME_ZONE_NAMES).flatMap(([area, text]) =>
  text.split(/\s+/).flatMap(name => (name === '' ? [] : [area === '' ? name : `${area}/${name}`])),
)
/** Names of the database by their lower case. */
const spellings = new Map(names.map(name => [name.toLowerCase(), name]))

/** What common abbreviations that the database does not have may stand for. */
export const ABBREVIATIONS: Readonly<Record<string, readonly string[]>> = {
  ACST: ['Australia/Adelaide', 'Australia/Darwin'],
  ADT: ['America/Halifax'],
  AEDT: ['Australia/Sydney'],
  AEST: ['Australia/Sydney', 'Australia/Brisbane'],
  AKST: ['America/Anchorage'],
  AMT: ['America/Manaus', 'Asia/Yerevan'],
  ART: ['America/Argentina/Buenos_Aires'],
  AST: ['America/Halifax', 'America/Puerto_Rico', 'Asia/Riyadh'],
  AWST: ['Australia/Perth'],
  BRT: ['America/Sao_Paulo'],
  BST: ['Europe/London', 'Asia/Dhaka', 'Pacific/Bougainville'],
  CAT: ['Africa/Maputo'],
  CDT: ['America/Chicago', 'America/Havana'],
  CEST: ['Europe/Berlin', 'Europe/Paris'],
  CST: ['America/Chicago', 'Asia/Shanghai', 'America/Havana'],
  CT: ['America/Chicago'],
  EAT: ['Africa/Nairobi'],
  EDT: ['America/New_York'],
  EEST: ['Europe/Athens', 'Europe/Kyiv'],
  ET: ['America/New_York'],
  GST: ['Asia/Dubai', 'Atlantic/South_Georgia'],
  HKT: ['Asia/Hong_Kong'],
  ICT: ['Asia/Bangkok'],
  IDT: ['Asia/Jerusalem'],
  IST: ['Asia/Kolkata', 'Europe/Dublin', 'Asia/Jerusalem'],
  JST: ['Asia/Tokyo'],
  KST: ['Asia/Seoul'],
  MDT: ['America/Denver'],
  MSK: ['Europe/Moscow'],
  MT: ['America/Denver', 'America/Phoenix'],
  NST: ['America/St_Johns'],
  NZDT: ['Pacific/Auckland'],
  NZST: ['Pacific/Auckland'],
  PDT: ['America/Los_Angeles'],
  PHT: ['Asia/Manila'],
  PKT: ['Asia/Karachi'],
  PST: ['America/Los_Angeles', 'Asia/Manila'],
  PT: ['America/Los_Angeles'],
  SAST: ['Africa/Johannesburg'],
  SGT: ['Asia/Singapore'],
  SST: ['Pacific/Pago_Pago', 'Asia/Singapore'],
  TRT: ['Europe/Istanbul'],
  WAT: ['Africa/Lagos'],
  WEST: ['Europe/Lisbon'],
  WIB: ['Asia/Jakarta'],
}
/** The length of the longest name, and some more: a longer text resembles none. */
const MAX_COMPARED = 40
/** A name that resembles what was sent has at most so many other letters. */
const MAX_DISTANCE = 4

/** A name of the IANA database in its spelling there; links count. */
export function isTimeZone(name: string): boolean {
  return spellings.get(name.toLowerCase()) === name
}

/** The database's spelling of a name written in other cases; undefined when it is no name. */
export function timeZoneSpelling(name: string): string | undefined {
  return spellings.get(name.toLowerCase())
}

/** A sentence with what is wrong and which name may be meant; undefined when the name is right. */
export function timeZoneFault(name: string): string | undefined {
  const spelling = timeZoneSpelling(name)
  if (spelling === name) return undefined
  if (spelling !== undefined) return `must be spelled ${spelling}`
  const meant = ABBREVIATIONS[name.toUpperCase()]
  if (meant !== undefined) return `is an abbreviation, not a time zone: ${oneOf(meant)} may be meant`
  const nearest = nearestName(name)
  const hint = nearest === undefined ? 'such as Asia/Kolkata' : `did you mean ${nearest}?`
  return `must be a time zone of the IANA database, ${hint}`
}

function nearestName(name: string): string | undefined {
  if (name.length > MAX_COMPARED) return undefined
  let nearest: string | undefined
  let least = Math.min(MAX_DISTANCE, Math.floor(name.length / 3)) + 1
  for (const [lower, spelling] of spellings) {
    const letters = distance(name.toLowerCase(), lower)
    if (letters < least) [nearest, least] = [spelling, letters]
  }
  return nearest
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
