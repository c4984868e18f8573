(* Measures what OCaml 4's master lock does: probe EXPERIMENT key=value ... prints one JSON object, as probe.py does. *)
let clock = Unix.gettimeofday

let quantile xs q =
  let a = Array.of_list xs in
  Array.sort compare a;
  a.(min (Array.length a - 1) (int_of_float (q *. float (Array.length a))))

let rec count n = if n > 0 then count (n - 1)
let stop = ref false

(* OCaml 4 looks at the request to yield only where it allocates. *)
let compute () =
  while not !stop do
    count 200;
    ignore (Sys.opaque_identity (ref 0))
  done

(* n threads compute, and note when the lock comes to another of them. *)
let switch n dur =
  let seen = ref [] and last = ref (-1) in
  let thread i () =
    while not !stop do
      if !last <> i then begin
        last := i;
        seen := clock () :: !seen
      end;
      ignore (Sys.opaque_identity (ref 0))
    done
  in
  let threads = List.init n (fun i -> Thread.create (thread i) ()) in
  let start = clock () in
  Thread.delay dur;
  stop := true;
  List.iter Thread.join threads;
  let rec holds = function a :: (b :: _ as rest) -> (a -. b) :: holds rest | _ -> [] in
  Printf.printf "{\"per_s\": %f, \"hold_p50\": %f}\n"
    (float (List.length !seen) /. (clock () -. start))
    (quantile (holds !seen) 0.5)

(* A thread sleeps for some milliseconds, again and again, beside threads that compute: how late is it? *)
let sleeper beside dur =
  let each = 0.002 and late = ref [] in
  let threads = List.init beside (fun _ -> Thread.create compute ()) in
  let finish = clock () +. dur in
  while clock () < finish do
    let at = clock () in
    Thread.delay each;
    late := (clock () -. at -. each) :: !late
  done;
  stop := true;
  List.iter Thread.join threads;
  Printf.printf "{\"p50\": %f, \"mean\": %f}\n" (quantile !late 0.5)
    (List.fold_left ( +. ) 0. !late /. float (List.length !late))

let () =
  let arg name =
    Array.fold_left
      (fun x a -> match String.split_on_char '=' a with [ k; v ] when k = name -> float_of_string v | _ -> x)
      0. Sys.argv
  in
  match Sys.argv.(1) with
  | "switch" -> switch (int_of_float (arg "n")) (arg "dur")
  | "sleeper" -> sleeper (int_of_float (arg "beside")) (arg "dur")
  | other -> failwith other
