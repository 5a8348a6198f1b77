/** The part of autocannon that the bench uses; it ships no types. */
declare module 'autocannon' {
  interface Options {
    readonly url: string
    readonly connections: number
    readonly duration: number
    /** Milliseconds between samples. */
    readonly sampleInt: number
    readonly headers: Readonly<Record<string, string>>
  }
  interface Result {
    readonly requests: { readonly total: number; readonly average: number }
    readonly latency: { readonly p50: number; readonly p99: number }
    readonly errors: number
    readonly non2xx: number
    readonly '3xx'?: number
  }
  // biome-ignore lint/style/noDefaultExport: the package has no other export
  export default function autocannon(options: Options): Promise<Result>
}
