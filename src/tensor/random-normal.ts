/**
 * Normally distributed numbers (mean 0, variance 1) from a seed: the same on every machine up to the last bits of its
 * logarithm and cosine.
 *
 * mulberry32 (32 bits of state, public domain) gives uniform numbers, the Box–Muller transform pairs of normal ones.
 * Not the numbers of PyTorch or numpy for that seed.
 */
export function randomNormal(seed: number, length: number): Float32Array {
  const uniform = mulberry32(seed);
  const out = new Float32Array(length);
  for (let i = 0; i < length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform())); // 1 − [0, 1) is never 0
    const angle = 2 * Math.PI * uniform();
    out[i] = radius * Math.cos(angle);
    if (i + 1 < length) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/** Uniform in [0, 1), steps of 2⁻³². */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
