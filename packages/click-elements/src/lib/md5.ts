/** MD5 (RFC 1321), for digests of payloads in summaries; it protects nothing. */

const shifts = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;
const constants = Uint32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));

/** The 16 bytes of a digest. */
export function md5(message: Uint8Array): Uint8Array {
  const blocks = (message.length + 8 + 64) >>> 6;
  const padded = new Uint8Array(blocks * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const data = new DataView(padded.buffer);
  data.setBigUint64(padded.length - 8, BigInt(message.length) * 8n, true);
  let [a0, b0, c0, d0] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let block = 0; block < padded.length; block += 64) {
    let [a, b, c, d] = [a0, b0, c0, d0];
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const f =
        round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d);
      const word = [i, 5 * i + 1, 3 * i + 5, 7 * i][round] as number;
      const sum = (a + f + (constants[i] as number) + data.getUint32(block + (word & 15) * 4, true)) | 0;
      const by = shifts[round]?.[i & 3] as number;
      [a, d, c, b] = [d, c, b, (b + ((sum << by) | (sum >>> (32 - by)))) | 0];
    }
    a0 = (a0 + a) | 0;
    b0 = (b0 + b) | 0;
    c0 = (c0 + c) | 0;
    d0 = (d0 + d) | 0;
  }
  const digest = new Uint8Array(16);
  [a0, b0, c0, d0].forEach((word, i) => {
    new DataView(digest.buffer).setUint32(4 * i, word >>> 0, true);
  });
  return digest;
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@";

/** A digest in 22 characters, six bits each from the lowest on, as Click writes it. */
export function md5Text(digest: Uint8Array): string {
  let text = "";
  for (let bit = 0; bit < digest.length * 8; bit += 6) {
    const first = bit >> 3;
    const pair = (digest[first] as number) | ((digest[first + 1] ?? 0) << 8);
    text += letters[(pair >> (bit & 7)) & 63];
  }
  return text;
}
