// An intrusion detector between a network, behind device 0, and the world, behind device 1. It is transparent, and reads what passes: packets
// with the contents of a rule are told on the console, or dropped. Rules are written as Snort's.
//
//   clickos run ids.click --in 1=world.pcap --out 0=clean.pcap --read ids.rules
//   clickos read ids ids.rules              # of a VM: for each rule its number, how many packets, and its name

define($HOME_NET 192.0.2.0/24);

FromDevice(0) -> Paint(1) -> all :: Classifier(12/0800, -);       // where a packet is to leave
FromDevice(1) -> Paint(0) -> all;
out :: PaintSwitch;
out [0] -> ToDevice(0);
out [1] -> ToDevice(1);
all [1] -> out;                                                   // ARP and others

// Segments of a connection come to the rules in order, so that what is cut in two is found as well. What is sent again is looked at, too.
all [0] -> CheckIPHeader(14) -> order :: TCPReorder -> ids :: IDSMatcher(
    drop tcp any any -> $HOME_NET 80 (msg:"a shell by CGI"; content:"/cgi-bin/"; nocase; content:"/bin/sh"; distance:0; sid:1000001;),
    drop tcp any any -> $HOME_NET any (msg:"a well-known worm"; content:"X5O!P%@AP|5b|4|5c|PZX54(P^)7CC)7}$EICAR"; sid:1000002;),
    alert tcp any any -> $HOME_NET 80 (msg:"leaves its folder"; content:"GET "; depth:4; content:"../.."; distance:0; sid:1000003;),
    alert tcp $HOME_NET any -> any any (msg:"a password in the clear"; content:"PASS "; depth:5; content:!"anonymous"; distance:0; sid:1000004;),
    alert udp any any -> any 53 (msg:"asks for the authors of a name server"; content:"|07|version|04|bind"; nocase; sid:1000005;),
    alert icmp any any -> any any (msg:"an ICMP tunnel"; content:"SSH-2.0-"; sid:1000006;))
  -> out;
order [1] -> ids;
