// A DNS filter between clients, behind device 0, and the world with their name servers, behind device 1. It is transparent. Questions for names
// on the list are answered at once, in the server's name: there is no such name. Answers and all other traffic pass.
//
//   clickos run dns-filter.click --in 0=clients.pcap --out 0=to-clients.pcap --out 1=to-world.pcap --read names.blocked
//   clickos write dns-filter names.add "$(cat blocklist.txt)"          # of a VM: more names; 100,000 need 4 MiB more memory
//   clickos write dns-filter names.allow good.tracker.example

FromDevice(0) -> kinds :: Classifier(12/0800, -);
FromDevice(1) -> to_clients :: ToDevice(0);
to_world :: ToDevice(1);

kinds [0] -> CheckIPHeader(14) -> names :: DNSFilter(ads.example, tracker.example, malware.test) -> to_world;
names [1] -> EtherMirror -> to_clients;
kinds [1] -> to_world;
