// Which port of a switch a frame goes to, as a Click configuration: a lookup for @clickos/vale.
//
// Port 0 is the uplink, port 1 a web server, port 2 a name server. Queries for names that come in at the uplink go to port 2,
// and all other IP packets to port 1; ARP goes to both. What the servers send goes to the uplink.
//
// examples/switch-lookup.mjs runs it.

FromDevice(0) -> from_uplink :: Classifier(12/0800, 12/0806, -);

from_uplink [0] -> Strip(14)
  -> CheckIPHeader
  -> to :: IPClassifier(udp port 53 or tcp port 53, -);
to [0] -> names :: Counter -> to_names :: ToDevice(2);
to [1] -> web :: Counter -> to_web :: ToDevice(1);

from_uplink [1] -> both :: Tee(2);
both [0] -> to_web;
both [1] -> to_names;

from_uplink [2] -> other :: Counter -> Discard;

FromDevice(1), FromDevice(2) -> ToDevice(0);
