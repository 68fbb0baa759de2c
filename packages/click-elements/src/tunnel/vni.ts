/** The largest number of a VXLAN network: it has 24 bits (RFC 7348 section 5). */
export const largestVni = 0xff_ffff;
