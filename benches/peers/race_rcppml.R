# Answers race_peers.py line by line: race_rcppml.R BUILD, with BUILD a folder for the compiled race_rcppml.cpp.
suppressMessages({library(methods); library(Matrix); library(RcppML)})
arguments <- commandArgs(trailingOnly = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
Rcpp::sourceCpp(sub("[.]R$", ".cpp", script), cacheDir = arguments[1])
say <- function(...) { cat("=", ..., "\n"); flush(stdout()) }
say(Sys.getpid())
input <- file("stdin", "r")
while (length(line <- readLines(input, 1)) > 0) {
  words <- strsplit(line, " ")[[1]]
  number <- function(i) as.numeric(words[i])
  if (words[1] == "sparse") {
    data <- file(words[2], "rb")
    x <- new("dgCMatrix", Dim = as.integer(c(number(3), number(4))),
             p = readBin(data, "integer", number(4) + 1, 4), i = readBin(data, "integer", number(5), 4),
             x = readBin(data, "double", number(5), 8))
    close(data)
    set_sparse(x)
    invisible(gc())
    say("done")
  } else if (words[1] == "dense") {
    set_dense(words[2], number(3), number(4))
    say("done")
  } else if (words[1] == "threads") {
    set_threads(number(2))
    say("done")
  } else if (words[1] == "start") {
    start(words[2], words[3], number(4))
    say("done")
  } else if (words[1] == "sweep") {
    say(format(sweep(number(2)), digits = 15))
  } else if (words[1] == "factors") {
    factors(words[2], words[3])
    say("done")
  }
}
