/** Where a frame goes that does not go to one port. */

/** To all other ports. */
export const broadcast = -1;
/** To none. */
export const nowhere = -2;
/** To all other ports but those whose addresses are fixed: it is for an address that nobody is known to have. */
export const unknown = -3;
/** To none: its source address is not one that its port may send from. */
export const foreignSource = -4;
/** To none: its port has as many addresses as it may. */
export const overLimit = -5;
/** To none: the lookup says that such frames are dropped. */
export const dropped = -6;
/** To none: it is for a port that is not attached. */
export const nobody = -7;
/** To none yet: a steering has taken it, and counts it. */
export const taken = -8;
