/** The bytes of a fence as fence.lua writes them: "a version >= min is being written". */
export function fenceText(min: number, nonce: string): string {
  return `{"fence":${min},"nonce":"${nonce}"}`
}
