declare module 'lerc' {
  interface Decoded {
    /** One array of all values of a pixel after the other. */
    readonly pixels: readonly [ArrayBufferView];
    /** [H, W] 0 where a pixel has no value; null where all have. */
    readonly mask: Uint8Array | null;
  }
  const Lerc: {
    decode(bytes: ArrayBuffer, options: { returnPixelInterleavedDims: boolean }): Decoded;
  };
  export default Lerc;
}
