// A wire: what comes in at one device leaves at the other, as it is. The least that a middlebox can do, and what the others are
// measured against.
//
//   clickos run wire.click --in 0=left.pcap --out 1=right.pcap

FromDevice(0) -> right :: Counter -> ToDevice(1);
FromDevice(1) -> left :: Counter -> ToDevice(0);
